//! Builds again when a migration is added: `sqlx::migrate!` reads the folder, cargo does not.

fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
