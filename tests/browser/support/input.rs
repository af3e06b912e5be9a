//! Keys, and the mouse at a point of the window.

use fantoccini::{
    actions::{InputSource, KeyAction, KeyActions, MOUSE_BUTTON_LEFT, MouseActions, PointerAction},
    client::Client,
    error::CmdError,
};

/// A key with a name instead of a character; the numbers are WebDriver's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    Tab,
    Enter,
    Space,
    Right,
    Down,
}

impl Key {
    fn value(self) -> char {
        match self {
            Self::Tab => '\u{e004}',
            Self::Enter => '\u{e007}',
            Self::Space => ' ',
            Self::Right => '\u{e014}',
            Self::Down => '\u{e015}',
        }
    }
}

pub(super) async fn press(client: &Client, values: &[char]) -> Result<(), CmdError> {
    let keys = values.iter().fold(KeyActions::new("keyboard".to_owned()), |keys, value| {
        keys.then(KeyAction::Down { value: *value }).then(KeyAction::Up { value: *value })
    });
    client.perform_actions(keys).await
}

pub(super) async fn press_key(client: &Client, key: Key) -> Result<(), CmdError> {
    press(client, &[key.value()]).await
}

/// CSS pixels from the window's upper left corner.
pub(super) async fn move_to(client: &Client, x: f64, y: f64) -> Result<(), CmdError> {
    client.perform_actions(mouse(x, y)).await
}

pub(super) async fn click_at(client: &Client, x: f64, y: f64) -> Result<(), CmdError> {
    let press = mouse(x, y)
        .then(PointerAction::Down { button: MOUSE_BUTTON_LEFT })
        .then(PointerAction::Up { button: MOUSE_BUTTON_LEFT });
    client.perform_actions(press).await
}

fn mouse(x: f64, y: f64) -> MouseActions {
    MouseActions::new("mouse".to_owned()).then(PointerAction::MoveTo { duration: None, x, y })
}
