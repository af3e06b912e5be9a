//! The waiting page as a template: complete without scripting, small, and safe.

use web::{WaitingPage, WaitingState, waiting_page};

use crate::support::{Follow, closure};

const STATES: [WaitingState; 9] = [
    WaitingState::NotJoined,
    WaitingState::Early,
    WaitingState::Waiting,
    WaitingState::YourTurn,
    WaitingState::Missed,
    WaitingState::Inside,
    WaitingState::Done,
    WaitingState::Closed,
    WaitingState::Full,
];

fn page(state: WaitingState) -> WaitingPage<'static> {
    WaitingPage {
        slug: "an-event",
        event_name: "An event",
        state,
        position: None,
        ahead: None,
        eta_seconds: None,
        refresh_seconds: 15,
        opens_at: None,
        notice: None,
    }
}

/// Whether the element with this id is there and shown.
fn shows(html: &str, id: &str) -> bool {
    let mark = format!("id=\"{id}\"");
    let tag = html.split('<').find(|tag| tag.contains(&mark)).expect("the element");
    !tag.split('>').next().unwrap_or_default().contains(" hidden")
}

#[tokio::test]
async fn the_page_with_all_that_it_loads_stays_two_kilobytes_under_its_limit_of_30() {
    for state in STATES {
        let html = waiting_page(&WaitingPage {
            position: Some(1_234_567),
            ahead: Some(1_234_566),
            eta_seconds: Some((3_000, 6_000)),
            opens_at: Some("2027-01-01T10:00:00.000Z"),
            notice: Some("The line is paused for a moment."),
            ..page(state)
        });
        // Not what is imported later: the chances once there is an estimate, and what some people
        // ask for: the sound, the check of the draw, the proof of work.
        let loaded = closure("/events/an-event/queue", &html, Follow::Static).await;
        let bytes = html.len() + loaded.iter().map(|(_, text)| text.len()).sum::<usize>();
        assert!(loaded.len() >= 3, "{state:?}: page, style and scripts are counted");
        assert!(bytes < 28_000, "{state:?}: {bytes} bytes");
    }
}

#[test]
fn what_an_organizer_wrote_cannot_become_markup() {
    let evil = "\"><script>alert('x')</script>&";
    let html = waiting_page(&WaitingPage {
        slug: evil,
        event_name: evil,
        opens_at: Some(evil),
        notice: Some(evil),
        ..page(WaitingState::Early)
    });
    assert!(!html.contains("alert('x')"));
    assert_eq!(html.matches("<script").count(), 1);
    assert!(html.contains("&lt;script&gt;alert(&#39;x&#39;)&lt;/script&gt;&amp;"));
    assert!(html.contains("action=\"/events/%22%3E%3Cscript"));
}

#[test]
fn each_state_offers_what_one_can_do_in_it() {
    use WaitingState::{Closed, Done, Early, Full, Inside, Missed, NotJoined, Waiting, YourTurn};
    for (action, states) in [
        ("join", vec![NotJoined, Done, Full]),
        ("enter", vec![YourTurn]),
        ("seats", vec![Inside]),
        ("back", vec![Done, Closed, Full]),
        ("leave", vec![Early, Waiting, YourTurn, Missed]),
    ] {
        for state in STATES {
            let html = waiting_page(&page(state));
            assert_eq!(shows(&html, action), states.contains(&state), "{action} in {state:?}");
        }
    }
}

#[test]
fn without_scripting_a_form_joins_and_the_page_loads_itself_again_while_there_is_news() {
    let html = waiting_page(&page(WaitingState::NotJoined));
    assert!(html.contains("method=\"post\" action=\"/events/an-event/queue/join\""));
    assert!(!html.contains("http-equiv"));
    let waiting = waiting_page(&page(WaitingState::Waiting));
    assert!(waiting.contains("<noscript><meta http-equiv=\"refresh\" content=\"15\"></noscript>"));
    let hurried = waiting_page(&WaitingPage { refresh_seconds: 0, ..page(WaitingState::Waiting) });
    assert!(hurried.contains("content=\"5\""));
    assert!(!waiting_page(&page(WaitingState::Done)).contains("http-equiv"));
}

#[test]
fn position_people_ahead_and_the_estimate_are_in_the_page_itself() {
    let html = waiting_page(&WaitingPage {
        position: Some(12_345),
        ahead: Some(12_344),
        eta_seconds: Some((300, 480)),
        ..page(WaitingState::Waiting)
    });
    assert!(shows(&html, "figures"));
    for text in ["12,345", "12,344", "5 to 8 minutes", "You are in line"] {
        assert!(html.contains(text), "{text}");
    }
    assert!(!shows(&waiting_page(&page(WaitingState::Missed)), "figures"));
}

#[test]
fn there_is_one_polite_live_region() {
    let html = waiting_page(&page(WaitingState::Waiting));
    assert_eq!(html.matches("aria-live=\"polite\"").count(), 1);
    // The answer of a check that somebody asked for is not of the line.
    assert_eq!(html.matches("role=\"status\"").count(), 2);
    assert!(!html.contains("assertive"));
}

#[test]
fn only_whoever_can_have_a_place_is_reassured_about_it() {
    for state in STATES {
        let is_shut = matches!(state, WaitingState::Closed | WaitingState::Full);
        assert_eq!(shows(&waiting_page(&page(state)), "assurance"), !is_shut, "{state:?}");
    }
}
