//! Which seats of a row are neighbours.
//!
//! Pure geometry. A plan lists the seats of a row in an order that people chose; the chart needs
//! them as they stand beside each other.

use std::ops::Range;

/// A gap above this many times the row's median pitch is an aisle.
pub const NEIGHBOUR_GAP_MAX: f64 = 1.6;

/// A point of the plan.
pub(super) type Point = (f64, f64);

/// The order in which the seats of a row stand: indexes into `points`.
///
/// Three orders are tried: as listed, along the row's main direction, and around its middle (seats
/// round a table, rows that bend far). The shortest walk wins. Another than the listed one has to
/// be shorter by half a step: two seats that changed places cost a whole one, rounded coordinates
/// next to nothing. Cost: n log n.
pub(super) fn order_of_row(points: &[Point]) -> Vec<usize> {
    let listed: Vec<usize> = (0..points.len()).collect();
    if points.len() < 3 {
        return listed;
    }
    let middle = mean(points);
    let steps: Vec<f64> = points.windows(2).map(|pair| distance(pair[0], pair[1])).collect();
    let mut best = walk(points, &listed) - median(&steps) / 2.0;
    let mut chosen = listed;
    for candidate in [along(points, middle), around(points, middle)] {
        let length = walk(points, &candidate);
        if length < best {
            best = length;
            chosen = candidate;
        }
    }
    chosen
}

/// Cuts a row at its aisles: ranges over `points`, which stand in their final order.
pub(super) fn blocks_of_row(points: &[Point]) -> Vec<Range<usize>> {
    if points.is_empty() {
        return Vec::new();
    }
    let gaps: Vec<f64> = points.windows(2).map(|pair| distance(pair[0], pair[1])).collect();
    let aisle = NEIGHBOUR_GAP_MAX * median(&gaps);
    let mut blocks = Vec::new();
    let mut start = 0;
    for (index, gap) in gaps.iter().enumerate() {
        if *gap > aisle {
            blocks.push(start..index + 1);
            start = index + 1;
        }
    }
    blocks.push(start..points.len());
    blocks
}

/// The middle gap, the mean of the two middle ones when their number is even; 0 of none.
pub(crate) fn median(gaps: &[f64]) -> f64 {
    if gaps.is_empty() {
        return 0.0;
    }
    let mut sorted = gaps.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let half = sorted.len() / 2;
    if sorted.len() % 2 == 1 { sorted[half] } else { (sorted[half - 1] + sorted[half]) / 2.0 }
}

pub(crate) fn distance(a: Point, b: Point) -> f64 {
    (a.0 - b.0).hypot(a.1 - b.1)
}

fn mean(points: &[Point]) -> Point {
    let count = points.len() as f64;
    let sum = points.iter().fold((0.0, 0.0), |sum, point| (sum.0 + point.0, sum.1 + point.1));
    (sum.0 / count, sum.1 / count)
}

fn walk(points: &[Point], order: &[usize]) -> f64 {
    order.windows(2).map(|pair| distance(points[pair[0]], points[pair[1]])).sum()
}

/// Sorted along the direction in which the seats spread most, from the listed first seat's side.
fn along(points: &[Point], middle: Point) -> Vec<usize> {
    let (mut xx, mut yy, mut xy) = (0.0, 0.0, 0.0);
    for point in points {
        let (dx, dy) = (point.0 - middle.0, point.1 - middle.1);
        xx += dx * dx;
        yy += dy * dy;
        xy += dx * dy;
    }
    let angle = 0.5 * f64::atan2(2.0 * xy, xx - yy);
    let (ux, uy) = (angle.cos(), angle.sin());
    let at = |index: usize| (points[index].0 - middle.0) * ux + (points[index].1 - middle.1) * uy;
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|a, b| at(*a).total_cmp(&at(*b)));
    if at(0) > at(points.len() - 1) {
        order.reverse();
    }
    order
}

/// Sorted by the angle round the middle, opened at the widest gap.
fn around(points: &[Point], middle: Point) -> Vec<usize> {
    let angle = |index: usize| (points[index].1 - middle.1).atan2(points[index].0 - middle.0);
    let mut order: Vec<usize> = (0..points.len()).collect();
    order.sort_by(|a, b| angle(*a).total_cmp(&angle(*b)));
    let gap = |position: usize| {
        let previous = order[(position + order.len() - 1) % order.len()];
        distance(points[previous], points[order[position]])
    };
    let opening = (0..order.len())
        .fold(0, |widest, position| if gap(position) > gap(widest) { position } else { widest });
    order.rotate_left(opening);
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    fn blocks(points: &[Point]) -> Vec<(usize, usize)> {
        blocks_of_row(points).into_iter().map(|block| (block.start, block.end)).collect()
    }

    fn line(xs: &[f64]) -> Vec<Point> {
        xs.iter().map(|x| (*x, 5.0)).collect()
    }

    #[test]
    fn a_row_in_order_stays_in_order_from_either_side() {
        assert_eq!(order_of_row(&line(&[0.0, 20.0, 40.0, 60.0])), [0, 1, 2, 3]);
        assert_eq!(order_of_row(&line(&[60.0, 40.0, 20.0, 0.0])), [0, 1, 2, 3]);
    }

    #[test]
    fn a_row_listed_odd_and_even_is_sorted_as_it_stands() {
        assert_eq!(order_of_row(&line(&[0.0, 40.0, 80.0, 20.0, 60.0])), [0, 3, 1, 4, 2]);
    }

    #[test]
    fn seats_round_a_table_stay_round_the_table() {
        let ring: Vec<Point> = (0..8)
            .map(|seat| f64::from(seat) * std::f64::consts::TAU / 8.0)
            .map(|angle| (30.0 * angle.cos(), 30.0 * angle.sin()))
            .collect();
        assert_eq!(order_of_row(&ring), [0, 1, 2, 3, 4, 5, 6, 7]);
        let rounded: Vec<Point> = ring.iter().map(|at| (at.0.round(), at.1.round())).collect();
        assert_eq!(order_of_row(&rounded), [0, 1, 2, 3, 4, 5, 6, 7]);
        let shuffled = [3, 0, 5, 6, 1, 4, 7, 2].map(|seat| ring[seat]);
        let order = order_of_row(&shuffled);
        let step = distance(ring[0], ring[1]);
        for pair in order.windows(2) {
            assert!((distance(shuffled[pair[0]], shuffled[pair[1]]) - step).abs() < 1e-9);
        }
        assert_eq!(blocks(&ring), [(0, 8)]);
    }

    #[test]
    fn a_gap_above_the_limit_is_an_aisle_and_one_at_it_is_not() {
        assert_eq!(blocks(&line(&[0.0, 20.0, 40.0, 72.0, 92.0])), [(0, 5)]);
        assert_eq!(blocks(&line(&[0.0, 20.0, 40.0, 72.5, 92.5])), [(0, 3), (3, 5)]);
        assert_eq!(blocks(&line(&[7.0])), [(0, 1)]);
        assert!(blocks_of_row(&[]).is_empty());
    }

    #[test]
    fn seats_without_positions_are_all_neighbours() {
        assert_eq!(blocks(&line(&[0.0, 0.0, 0.0])), [(0, 3)]);
        assert_eq!(order_of_row(&line(&[0.0, 0.0, 0.0])), [0, 1, 2]);
    }
}
