//! What a name may be that people read and programs compare: seat labels, names of zones, rows,
//! areas and categories.

use crate::limits::LABEL_LENGTH_MAX;

/// Why a text cannot be a label.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum LabelError {
    #[error("is empty")]
    Empty,
    #[error("is longer than {LABEL_LENGTH_MAX} characters")]
    TooLong,
    #[error("has a control character")]
    ControlCharacter,
}

/// 1 to [`LABEL_LENGTH_MAX`] characters, none of them a control character. Nothing is trimmed or
/// normalised: a label is compared byte by byte.
pub fn check_label(text: &str) -> Result<(), LabelError> {
    if text.is_empty() { Err(LabelError::Empty) } else { check_optional_label(text) }
}

/// As [`check_label`], but may be empty: numbers of rows and seats, which only people read.
pub fn check_optional_label(text: &str) -> Result<(), LabelError> {
    // A text of few bytes has few characters: counting them is seldom needed.
    if text.len() > LABEL_LENGTH_MAX && text.chars().count() > LABEL_LENGTH_MAX {
        return Err(LabelError::TooLong);
    }
    if text.chars().any(char::is_control) {
        return Err(LabelError::ControlCharacter);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_label_counts_characters_and_not_bytes() {
        assert_eq!(check_label(&"ü".repeat(LABEL_LENGTH_MAX)), Ok(()));
        assert_eq!(check_label(&"a".repeat(LABEL_LENGTH_MAX + 1)), Err(LabelError::TooLong));
        assert_eq!(check_label(""), Err(LabelError::Empty));
        assert_eq!(check_optional_label(""), Ok(()));
        assert_eq!(check_label("A\u{7}1"), Err(LabelError::ControlCharacter));
    }
}
