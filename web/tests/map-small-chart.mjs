/** Two sections: "Floor A" with two rows of five, the second with an aisle, and "Balcony B" with a row of four. */
export function smallChart() {
  let index = 0;
  const seat = (zone, row, number, x, y, category, flags = []) => ({ index: index++, label: `${zone}-${row}-${number}`, number: String(number), x, y, category, flags });
  const row = (zone, number, xs, y, category) => ({
    number: String(number),
    seats: xs.map((x, at) => seat(zone, number, at + 1, x, y, category, zone === 'A' && number === 1 && at === 0 ? ['accessible'] : [])),
  });
  return {
    categories: [{ name: 'Near', color: '#7b2d8b' }, { name: 'Far', color: '#2471a3' }],
    zones: [
      { name: 'Floor A', rows: [row('A', 1, [0, 20, 40, 60, 80], 0, 'Near'), row('A', 2, [0, 20, 40, 120, 140], 24, 'Near')] },
      { name: 'Balcony B', rows: [row('B', 1, [0, 20, 40, 60], 100, 'Far')] },
    ],
    areas: [{ index: 0, name: 'Pit', capacity: 50, category: 'Far' }],
  };
}

export const PRICES = { Near: 9000, Far: 4000 };
