//! The waiting page: where somebody stands in the line, and what they can do about it.
//!
//! Complete without scripting: the state is in the page, its forms answer 303, and a timed reload
//! brings the next state. With scripting `/assets/waiting.js` takes over and nothing is reloaded.
//! Small on purpose (a test holds it, its style and its scripts under 30 KB together): it is what
//! everybody loads at once.

mod texts;

use std::fmt::Write as _;

use texts::Texts;

use crate::escape::{escape, path_part};

/// A page that reloads faster than this does more harm than good.
const REFRESH_SECONDS_MIN: u32 = 5;

/// Where a person stands, as the page tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WaitingState {
    /// No place yet.
    NotJoined,
    /// Has a place, and the draw is still to come.
    Early,
    Waiting,
    YourTurn,
    /// The turn came and went; served soon all the same.
    Missed,
    /// Has a pass.
    Inside,
    /// Has bought, or has left the sale.
    Done,
    Closed,
    /// The line takes no more people.
    Full,
}

/// What the page says. All text is escaped here.
pub struct WaitingPage<'a> {
    pub slug: &'a str,
    pub event_name: &'a str,
    pub state: WaitingState,
    /// 1 for the next.
    pub position: Option<u64>,
    pub ahead: Option<u64>,
    /// Four of five people wait between these.
    pub eta_seconds: Option<(u64, u64)>,
    /// Until a page without scripting loads itself again; at least 5.
    pub refresh_seconds: u32,
    /// When the draw is, RFC 3339.
    pub opens_at: Option<&'a str>,
    /// A sentence of the organiser's, or why the last step was refused.
    pub notice: Option<&'a str>,
}

/// Complete HTML.
pub fn waiting_page(page: &WaitingPage<'_>) -> String {
    let texts = Texts::of(page.state);
    let slug = path_part(page.slug);
    let name = escape(page.event_name);
    let mut html = String::with_capacity(6 * 1024);
    head(&mut html, page, &name);
    let state = texts.key;
    let position = page.position.map(|position| position.to_string()).unwrap_or_default();
    let opens_at = page.opens_at.map(escape).unwrap_or_default();
    let _ = write!(
        html,
        "<main id=\"main\" tabindex=\"-1\" data-slug=\"{slug}\" data-event=\"{name}\" data-state=\"{state}\" \
         data-position=\"{position}\" data-opens-at=\"{opens_at}\">\n\
         <p class=\"event\"><a href=\"/events/{slug}\" dir=\"auto\">{name}</a></p>\n\
         <section class=\"card\" aria-labelledby=\"headline\">\n\
         <h1 id=\"headline\">{headline}</h1>\n",
        headline = texts.headline,
    );
    let notice = page.notice.map(escape).unwrap_or_default();
    let _ = writeln!(
        html,
        "<p id=\"notice\" class=\"notice\"{}>{notice}</p>",
        hidden(notice.is_empty())
    );
    figures(&mut html, page);
    let _ = writeln!(html, "<p id=\"next\" class=\"next\">{}</p>", texts.next);
    actions(&mut html, page.state, &slug);
    html.push_str("</section>\n");
    html.push_str(AFTER_CARD);
    // Whoever finds the door shut has no place to be reassured about.
    let is_shut = matches!(page.state, WaitingState::Closed | WaitingState::Full);
    let _ = writeln!(
        html,
        "<section id=\"assurance\" class=\"assurance\"{}>\n{ASSURANCE}</section>\n\
         <p id=\"live\" class=\"hidden-text\" role=\"status\" aria-live=\"polite\"></p>",
        hidden(is_shut),
    );
    if texts.reloads {
        html.push_str(
            "<noscript><p class=\"muted\">This page brings itself up to date.</p></noscript>\n",
        );
    }
    html.push_str("</main>\n<footer><p>Every seat is sold once, to one person.</p></footer>\n</body>\n</html>\n");
    html
}

fn head(html: &mut String, page: &WaitingPage<'_>, name: &str) {
    html.push_str(
        "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <meta name=\"robots\" content=\"noindex\">\n\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <meta name=\"theme-color\" content=\"#111a2e\">\n",
    );
    let _ = writeln!(html, "<title>{name} · Waiting room</title>");
    if Texts::of(page.state).reloads {
        let seconds = page.refresh_seconds.max(REFRESH_SECONDS_MIN);
        let _ = writeln!(
            html,
            "<noscript><meta http-equiv=\"refresh\" content=\"{seconds}\"></noscript>"
        );
    }
    html.push_str(
        "<link rel=\"icon\" href=\"/assets/favicon.svg\" type=\"image/svg+xml\">\n\
         <link rel=\"stylesheet\" href=\"/assets/waiting.css\">\n\
         <script type=\"module\" src=\"/assets/waiting.js\"></script>\n</head>\n<body>\n\
         <a class=\"skip\" href=\"#main\">Skip to the content</a>\n\
         <header><a class=\"brand\" href=\"/\"><img src=\"/assets/favicon.svg\" alt=\"\" width=\"28\" height=\"28\">Holdfast</a><span>Waiting room</span></header>\n",
    );
}

/// Position, people ahead and the estimate; what is not known is there and hidden, for the script.
fn figures(html: &mut String, page: &WaitingPage<'_>) {
    let position = page.position.map(grouped).unwrap_or_default();
    let ahead = page.ahead.map(grouped).unwrap_or_default();
    let estimate =
        page.eta_seconds.map(|(low, high)| texts::estimate(low, high)).unwrap_or_default();
    let _ = writeln!(
        html,
        "<div id=\"figures\" class=\"figures\"{}>\n\
         <p class=\"position\"><span>Your position</span> <strong id=\"position\">{position}</strong></p>\n\
         <dl>\n<div><dt>People ahead of you</dt><dd id=\"ahead\">{ahead}</dd></div>\n\
         <div><dt>Likely wait</dt><dd id=\"estimate\">{estimate}</dd></div>\n</dl>\n\
         <div id=\"progress\" class=\"progress\" hidden><span></span></div>\n</div>",
        hidden(page.position.is_none()),
    );
    let opens_at = page.opens_at.map(escape).unwrap_or_default();
    let shows_opening = page.state == WaitingState::Early && !opens_at.is_empty();
    let _ = writeln!(
        html,
        "<p id=\"opening\" class=\"opening\"{}>The draw is at <time datetime=\"{opens_at}\">{opens_at}</time>\
         <strong id=\"until\" role=\"timer\" aria-live=\"off\"></strong></p>",
        hidden(!shows_opening),
    );
}

fn actions(html: &mut String, state: WaitingState, slug: &str) {
    use WaitingState::{Closed, Done, Early, Full, Inside, Missed, NotJoined, Waiting, YourTurn};
    let shows = |states: &[WaitingState]| hidden(!states.contains(&state));
    let _ = writeln!(
        html,
        "<div class=\"actions\">\n\
         <form id=\"join\" method=\"post\" action=\"/events/{slug}/queue/join\"{join}>\
         <label id=\"code\" hidden>Your code <input autocomplete=\"off\"></label>\
         <button class=\"primary\">Join the line</button></form>\n\
         <form id=\"enter\" method=\"post\" action=\"/events/{slug}/queue/enter\"{enter}>\
         <button class=\"primary\">Go in and choose</button></form>\n\
         <a id=\"seats\" class=\"button primary\" href=\"/events/{slug}/seats\"{seats}>Choose your seats</a>\n\
         <a id=\"back\" class=\"button\" href=\"/events/{slug}\"{back}>Back to the event</a>\n\
         <form id=\"leave\" method=\"post\" action=\"/events/{slug}/queue/leave\"{leave}>\
         <button class=\"quiet\">Leave the line</button></form>\n</div>",
        join = shows(&[NotJoined, Done, Full]),
        enter = shows(&[YourTurn]),
        seats = shows(&[Inside]),
        back = shows(&[Done, Closed, Full]),
        leave = shows(&[Early, Waiting, YourTurn, Missed]),
    );
}

fn hidden(is_hidden: bool) -> &'static str {
    if is_hidden { " hidden" } else { "" }
}

/// 1234567 as `1,234,567`.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// What only the script fills.
const AFTER_CARD: &str = "<section id=\"odds\" class=\"card\" aria-labelledby=\"odds-title\" hidden>\n\
     <h2 id=\"odds-title\">Your chances</h2>\n\
     <p class=\"muted\">For two tickets, if the people ahead of you buy as others did so far. An estimate, not a promise.</p>\n\
     <ul id=\"odds-list\"></ul>\n</section>\n\
     <section id=\"signals\" class=\"card\" aria-labelledby=\"signals-title\" hidden>\n\
     <h2 id=\"signals-title\">When it is your turn</h2>\n\
     <p class=\"muted\">This tab’s title changes. If you like, also:</p>\n\
     <label><input type=\"checkbox\" id=\"sound\"> Play a sound</label>\n\
     <label id=\"vibrate-label\" hidden><input type=\"checkbox\" id=\"vibrate\"> Vibrate</label>\n</section>\n\
     <section id=\"fairness\" class=\"card\" aria-labelledby=\"fairness-title\" hidden>\n\
     <h2 id=\"fairness-title\">Was the draw fair?</h2>\n\
     <p class=\"muted\">Positions follow from a secret that was promised before the draw. Your device can check that, and \
     your own position.</p>\n\
     <p><button id=\"check\" type=\"button\">Check the draw</button></p>\n\
     <p id=\"verdict\" role=\"status\"></p>\n</section>\n";

/// What is always true of a place.
const ASSURANCE: &str = "<h2>Your place is kept on this device</h2>\n\
     <ul>\n<li>Refresh, close the tab or open another one: you keep the same place.</li>\n\
     <li>Your position never rises.</li>\n\
     <li>If you miss your turn you do not start again; you are let in within minutes.</li>\n</ul>\n\
     <p class=\"muted\">Updated <span id=\"updated\">when the page was loaded</span></p>\n";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_numbers_are_read_in_groups() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(999), "999");
        assert_eq!(grouped(1_000), "1,000");
        assert_eq!(grouped(1_234_567), "1,234,567");
    }
}
