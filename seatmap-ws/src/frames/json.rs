//! The frames of `holdfast.json.v1`: the types of this module's parent as they are.

use super::Frame;

pub(super) fn payload(frame: &Frame) -> Vec<u8> {
    serde_json::to_vec(frame).expect("a frame is plain data")
}
