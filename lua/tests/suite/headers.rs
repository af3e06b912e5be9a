//! The scripts' files: heads that tell the truth, nothing banned, and no change that nobody saw.

use std::collections::BTreeSet;

use lua::{
    keys::{Key, LAYOUT},
    keyspace::COMMANDS,
    scripts::{self, PRELUDE, People, Script},
};

/// The comment lines at a script's beginning, and the code below.
fn split(script: &Script) -> (Vec<&'static str>, String) {
    let head: Vec<_> = script.source.lines().take_while(|line| line.starts_with("--")).collect();
    let code = script.source.lines().skip(head.len()).collect::<Vec<_>>().join("\n");
    (head, code)
}

/// What follows a word of the head, with its continuation lines.
fn part(head: &[&str], word: &str) -> String {
    let words = ["KEYS", "ARGV", "Reply", "Keeps", "Writes nothing", "Cost"];
    let begins = |line: &str, word: &str| line.trim_start_matches("--").trim().starts_with(word);
    let mut text = String::new();
    let mut inside = false;
    for line in head {
        if begins(line, word) {
            inside = true;
        } else if words.iter().any(|other| begins(line, other)) {
            inside = false;
        }
        if inside {
            text.push_str(line.trim_start_matches("--"));
            text.push('\n');
        }
    }
    text
}

/// `1 seats   2 owners …`: the word after each number that counts on from the one before.
fn numbered(text: &str) -> Vec<String> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut names = Vec::new();
    for pair in words.windows(2) {
        if pair[0] == (names.len() + 1).to_string() {
            names.push(pair[1].trim_end_matches([',', ':']).to_owned());
        }
    }
    names
}

#[test]
fn heads_name_the_keys_and_arguments_that_the_bindings_send_in_their_order() {
    for script in scripts::ALL {
        let (head, _) = split(script);
        assert!(head[0].starts_with(&format!("-- {}: ", script.name)), "{}", script.name);
        let keys = script.keys.iter().map(|key| key.as_str());
        let keys: Vec<_> = keys.chain(script.people.word()).collect();
        assert_eq!(numbered(&part(&head, "KEYS")), keys, "keys of {}", script.name);
        assert_eq!(numbered(&part(&head, "ARGV")), script.arguments, "ARGV of {}", script.name);
        for word in ["Reply", "Cost", "Layout"] {
            assert!(head.iter().any(|line| line.contains(word)), "{word} of {}", script.name);
        }
        let keeps = ["Keeps", "Writes nothing"];
        let keeps = keeps.iter().any(|word| head.iter().any(|line| line.contains(word)));
        assert!(keeps, "{} says what it keeps", script.name);
        let layout = format!("Layout: {LAYOUT}.");
        assert!(head.iter().any(|line| line.contains(&layout)), "layout of {}", script.name);
    }
}

#[test]
fn every_declared_key_and_argument_is_used_and_no_other() {
    for script in scripts::ALL {
        let (_, code) = split(script);
        for (index, key) in script.keys.iter().enumerate() {
            assert!(code.contains(&format!("KEYS[{}]", index + 1)), "{}", script.name);
            let uses = code.matches(key.as_str()).count();
            assert!(uses >= 2, "{} uses {}", script.name, key.as_str());
        }
        let beyond = format!("KEYS[{}]", script.keys.len() + 1);
        assert_eq!(code.contains(&beyond), script.people == People::One, "{}", script.name);
        // The bucket of the one or of each is what follows.
        let many = match script.people {
            People::None => format!("#KEYS == {} ", script.keys.len()),
            People::One => format!("#KEYS == {} ", script.keys.len() + 1),
            People::Each => format!("#KEYS == {} + #ARGV[2] / 12 ", script.keys.len()),
        };
        assert!(code.contains(&many), "{}", script.name);
        let each = format!("KEYS[{} + number]", script.keys.len());
        assert_eq!(code.contains(&each), script.people == People::Each, "{}", script.name);
        for (index, argument) in script.arguments.iter().enumerate() {
            let is_rest = argument.ends_with("..");
            let used = code.contains(&format!("ARGV[{}]", index + 1));
            assert!(used || (is_rest && code.contains("ARGV[at]")), "{}: {argument}", script.name);
        }
        let takes_rest = script.arguments.last().is_some_and(|last| last.ends_with(".."));
        let beyond = format!("ARGV[{}]", script.arguments.len() + 1);
        assert!(takes_rest || !code.contains(&beyond), "{} reads {beyond}", script.name);
    }
}

/// Words between quotes in a call of a command.
fn commands(code: &str) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for opening in ["call('", "in_parts('"] {
        for (at, _) in code.match_indices(opening) {
            let rest = &code[at + opening.len()..];
            found.insert(rest[..rest.find('\'').unwrap()].to_owned());
        }
    }
    found
}

#[test]
fn scripts_call_only_commands_of_the_closed_list_and_all_of_those() {
    let mut all = commands(PRELUDE);
    for script in scripts::ALL {
        all.extend(commands(script.source));
    }
    let listed: BTreeSet<String> = COMMANDS.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(all, listed);
}

/// Code without comments.
fn bare(code: &str) -> String {
    let lines = code.lines().map(|line| line.split("--").next().unwrap());
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn nothing_that_differs_between_places_or_kills_a_server_is_used() {
    const BANNED: &[(&str, &str)] = &[
        ("cjson", "not in process"),
        ("cmsgpack", "not in process"),
        ("struct.", "not in process"),
        ("bit.", "not in process"),
        ("math.random", "every place has its own"),
        ("sha1hex", "not in process"),
        ("pcall", "the error is a string in one place and a table in another"),
        ("error({", "a table without err kills Redis 7.0.15"),
        ("error_reply", "outcomes are plain values"),
        ("PEXPIRE", "no key has a life; TIME moves while a script runs"),
        ("EXPIRE", "no key has a life; TIME moves while a script runs"),
        ("tostring", "prints fourteen digits: use string.format"),
        ("collectgarbage", "is not the script's matter"),
        ("KEYS *", "keys come in through KEYS"),
    ];
    for (name, text) in files() {
        let code = bare(&text);
        for (word, why) in BANNED {
            assert!(!code.contains(word), "{name} uses {word}: {why}");
        }
        for (at, _) in code.match_indices("error(") {
            assert!(code[at + 6..].starts_with('\''), "{name}: error takes a literal string");
        }
        // `..` puts fourteen digits of a number into a text, so numbers go through string.format.
        for number in ["now", "due", "deadline_ms", "count", "total", "expired", "length", "first"]
        {
            let joined =
                [format!(".. {number} "), format!(".. {number}\n"), format!(" {number} ..")];
            let found = joined.iter().find(|joined| code.contains(*joined));
            assert!(found.is_none(), "{name} joins the number {number} to a text");
        }
    }
}

fn files() -> Vec<(&'static str, String)> {
    let scripts = scripts::ALL.iter().map(|script| (script.name, script.source.to_owned()));
    scripts.chain([("prelude", PRELUDE.to_owned())]).collect()
}

#[test]
fn the_time_is_read_once_on_the_first_line() {
    assert!(PRELUDE.starts_with("local time = redis.call('TIME')\n"));
    for script in scripts::ALL {
        assert_eq!(script.text().matches("'TIME'").count(), 1, "{}", script.name);
    }
}

#[test]
fn the_epoch_or_the_term_is_compared_before_the_first_write() {
    const WRITES: &[&str] = &[
        "publish(",
        ".write()",
        "'SETRANGE'",
        "'HSET'",
        "'HSETNX'",
        "'HDEL'",
        "'SET'",
        "'DEL'",
        "'ZADD'",
        "'ZREM'",
        "'RPUSH'",
    ];
    for script in scripts::ALL {
        let (_, code) = split(script);
        let write = WRITES.iter().filter_map(|word| code.find(word)).min();
        let outcome = if script.arguments.first() == Some(&"term") { "term" } else { "epoch" };
        let compared = code.find(&format!("return {{ '{outcome}', "));
        let Some(write) = write else { continue };
        assert!(compared.is_some_and(|at| at < write), "{}", script.name);
        // The delta is the only write that can be refused, so it goes first.
        let deletes = script.name == "rebuild";
        if let Some(publish) = code.find("publish(") {
            assert!(publish == write || deletes, "{} publishes first", script.name);
        }
        assert_eq!(code.contains("publish("), script.keys.contains(&Key::Deltas) && !reads(script));
    }
}

/// Looks at the deltas and adds none.
fn reads(script: &Script) -> bool {
    script.name.starts_with("read_")
}

/// A script that changes gets a new line here, and a new layout if a running old process could not
/// share keys with it.
#[test]
fn no_script_changes_unseen() {
    let seen = include_str!("golden.txt");
    let mut now = String::new();
    for script in scripts::ALL {
        now.push_str(&format!("{} {} layout {LAYOUT}\n", script.name, script.digest()));
    }
    assert_eq!(seen, now, "write this to tests/suite/golden.txt if it is meant:\n{now}");
}
