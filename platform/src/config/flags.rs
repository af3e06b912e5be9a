//! Settings as command-line flags, to be flattened into the program's own arguments.

use std::collections::BTreeMap;

use clap::{Arg, ArgMatches, Args, Command, FromArgMatches, parser::ValueSource};

use super::SETTINGS;

/// The flags that were given, by environment name: `#[command(flatten)] settings: SettingFlags`.
/// They are known to every subcommand.
#[derive(Clone, Debug, Default)]
pub struct SettingFlags(pub(super) BTreeMap<&'static str, String>);

impl Args for SettingFlags {
    fn augment_args(command: Command) -> Command {
        SETTINGS.iter().filter(|setting| !setting.secret).fold(command, |command, setting| {
            let default = match setting.default {
                "" => String::new(),
                default => format!(" [default: {default}]"),
            };
            command.arg(
                Arg::new(setting.name)
                    .long(setting.flag)
                    .value_name("VALUE")
                    .help(format!("{}{default} [env: {}]", setting.meaning, setting.name))
                    .help_heading("Settings")
                    .global(true),
            )
        })
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for SettingFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let mut flags = Self::default();
        flags.update_from_arg_matches(matches)?;
        Ok(flags)
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        for setting in SETTINGS.iter().filter(|setting| !setting.secret) {
            if matches.value_source(setting.name) == Some(ValueSource::CommandLine)
                && let Some(value) = matches.get_one::<String>(setting.name)
            {
                self.0.insert(setting.name, value.clone());
            }
        }
        Ok(())
    }
}
