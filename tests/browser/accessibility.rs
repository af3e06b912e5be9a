//! Every page for everybody: axe-core finds nothing serious, light and dark, large and small, and
//! nothing sticks out of a window 320 pixels wide.

use crate::{
    support::{Browser, Look, Stage},
    tour::{REFUSALS, tour},
};

#[tokio::test(flavor = "multi_thread")]
async fn every_page_is_accessible_in_light_and_dark_on_a_desktop_and_a_phone() {
    let stage = Stage::start().await;
    let mut trouble = Vec::new();
    let browser = tour(&stage, async |browser: &Browser, name: &str| {
        for look in [Look::DESKTOP, Look::PHONE.dark(), Look::PHONE, Look::DESKTOP.dark()] {
            browser.look(look).await;
            let what = format!("{name}, {}{}", look.name, if look.dark { ", dark" } else { "" });
            trouble.extend(browser.serious_findings(&what).await);
        }
        for look in [Look::NARROW, Look::PHONE, Look::DESKTOP] {
            trouble.extend(browser.what_sticks_out(name, look).await);
        }
        browser.look(Look::DESKTOP).await;
    })
    .await;
    assert!(trouble.is_empty(), "{}", trouble.join("\n"));
    browser.finish(&REFUSALS).await;
}
