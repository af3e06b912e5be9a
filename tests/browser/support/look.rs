//! What a person looks at: a window's size, light or dark, a finger or a mouse.

use serde_json::{Value, json};

/// In CSS pixels.
#[derive(Clone, Copy, Debug)]
pub struct Look {
    pub name: &'static str,
    pub width: u32,
    pub height: u32,
    /// A finger instead of a mouse, and two device pixels to one of CSS.
    pub touch: bool,
    pub dark: bool,
}

impl Look {
    pub const DESKTOP: Self =
        Self { name: "desktop", width: 1280, height: 900, touch: false, dark: false };
    pub const PHONE: Self =
        Self { name: "phone", width: 390, height: 844, touch: true, dark: false };
    /// The narrowest window that pages must fit (WCAG 2.2, 1.4.10).
    pub const NARROW: Self =
        Self { name: "narrow", width: 320, height: 640, touch: true, dark: false };

    pub const fn dark(self) -> Self {
        Self { dark: true, ..self }
    }

    /// Chromium's arguments and emulation for a browser that is opened with this look.
    pub(super) fn chromium_options(&self, arguments: Vec<String>) -> Value {
        let mut options = json!({"args": arguments});
        if self.touch {
            options["mobileEmulation"] = json!({"deviceMetrics": {
                "width": self.width, "height": self.height, "pixelRatio": 2, "touch": true, "mobile": true,
            }});
        }
        options
    }

    /// The debugging commands that give an open page this look.
    pub(super) fn commands(&self) -> [(&'static str, Value); 2] {
        let ratio = if self.touch { 2 } else { 1 };
        let metrics = json!({
            "width": self.width, "height": self.height, "deviceScaleFactor": ratio, "mobile": self.touch,
        });
        let scheme = if self.dark { "dark" } else { "light" };
        let media = json!({"features": [
            {"name": "prefers-color-scheme", "value": scheme},
            // What moves is not in the picture at the same place twice.
            {"name": "prefers-reduced-motion", "value": "reduce"},
        ]});
        [("Emulation.setDeviceMetricsOverride", metrics), ("Emulation.setEmulatedMedia", media)]
    }
}
