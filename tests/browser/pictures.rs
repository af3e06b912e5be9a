//! Pictures of every page for people to look at, by `make screenshots`.

use std::{fs, path::Path};

use crate::{
    support::{Browser, Look, Stage},
    tour::{REFUSALS, tour},
};

#[tokio::test(flavor = "multi_thread")]
#[ignore = "writes files, and checks nothing that another test does not"]
async fn pictures_of_every_page() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("target/screenshots");
    fs::create_dir_all(&folder).expect("the folder");
    let stage = Stage::start().await;
    let browser = tour(&stage, async |browser: &Browser, name: &str| {
        for look in [Look::DESKTOP.dark(), Look::PHONE.dark(), Look::PHONE, Look::DESKTOP] {
            browser.look(look).await;
            let scheme = if look.dark { "dark" } else { "light" };
            let file = folder.join(format!("{name}-{}-{scheme}.png", look.name));
            fs::write(&file, browser.screenshot().await).expect("the picture is written");
            println!("{}", file.display());
        }
    })
    .await;
    browser.finish(&REFUSALS).await;
}
