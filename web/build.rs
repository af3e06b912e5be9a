//! Lists every file of the pages, their assets and the client, so that the program carries them.

use std::{
    env,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

const FOLDERS: [&str; 3] = ["assets", "client", "pages"];

fn main() {
    let root = PathBuf::from(env::var_os("CARGO_MANIFEST_DIR").expect("set by cargo"));
    let mut files = Vec::new();
    for folder in FOLDERS {
        println!("cargo::rerun-if-changed={folder}");
        collect(&root.join(folder), &mut files);
    }
    files.sort();
    let mut table = String::from("&[\n");
    for file in files {
        let path = file.strip_prefix(&root).expect("found below the root").display();
        writeln!(table, "    ({:?}, include_bytes!({file:?})),", path.to_string())
            .expect("a string takes everything");
    }
    table.push_str("]\n");
    let target = PathBuf::from(env::var_os("OUT_DIR").expect("set by cargo")).join("files.rs");
    fs::write(target, table).expect("the build directory can be written");
}

fn collect(folder: &Path, files: &mut Vec<PathBuf>) {
    let entries = fs::read_dir(folder).expect("the folder is part of the package");
    for entry in entries {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            collect(&path, files);
        } else {
            files.push(path);
        }
    }
}
