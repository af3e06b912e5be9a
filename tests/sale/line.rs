//! A line that two processes serve, and that loses one of them: everybody is admitted, once, and
//! nobody goes back. Keeps LINE-1, LINE-2, LINE-4.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Combination, Server, ServerOptions, Stores, event, random_text, wait_for};

const PEOPLE: usize = 40;

/// Somebody in line: a device and its place.
pub struct Person {
    pub device: String,
    pub place: String,
    pub index: u64,
    pub position: u64,
    pass: Option<String>,
}

pub async fn ask(
    server: &Server,
    method: &str,
    path: &str,
    person: &Person,
) -> Option<(u16, Value)> {
    let url = format!("{}{path}", server.base);
    let mut request = server
        .http
        .request(method.parse().expect("a method"), url)
        .header("Holdfast-Device", &person.device);
    if !person.place.is_empty() {
        request = request.header("Holdfast-Place", &person.place);
    }
    // A process that was killed answers nothing.
    let answer = request.send().await.ok()?;
    let status = answer.status().as_u16();
    Some((status, answer.json().await.ok()?))
}

impl Person {
    pub async fn join(server: &Server, event: &str) -> Self {
        let mut person = Self {
            device: random_text(),
            place: String::new(),
            index: 0,
            position: u64::MAX,
            pass: None,
        };
        let path = format!("/v1/events/{event}/queue");
        let (status, body) = ask(server, "POST", &path, &person).await.expect("an answer");
        assert_eq!(status, 201, "{body}");
        person.place = body["place"].as_str().expect("a place").to_owned();
        person.index = body["index"].as_u64().expect("an index");
        person
    }

    /// Looks, and enters when the turn has come; whether they are in.
    async fn look(&mut self, server: &Server, event: &str) -> bool {
        if self.pass.is_some() {
            return true;
        }
        let path = format!("/v1/events/{event}/queue");
        let Some((200, body)) = ask(server, "GET", &path, self).await else { return false };
        if let Some(position) = body["position"].as_u64() {
            assert!(position <= self.position, "went back to {position} from {}", self.position);
            self.position = position;
        }
        if body["state"] != "your_turn" {
            return false;
        }
        let enter = format!("{path}/enter");
        if let Some((201, body)) = ask(server, "POST", &enter, self).await {
            self.pass = Some(body["pass"].as_str().expect("a pass").to_owned());
        }
        self.pass.is_some()
    }
}

/// Everybody looks by this process until so many are in.
async fn until_inside(server: &Server, event: &str, people: &mut [Person], wanted: usize) {
    for _ in 0..3_000 {
        let mut inside = 0;
        for person in people.iter_mut() {
            inside += usize::from(person.look(server, event).await);
        }
        if inside >= wanted {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("too few got in");
}

async fn a_line_outlives_either_of_its_processes(combination: Combination) {
    let mut one = Server::start(Stores::start(combination), ServerOptions::default()).await;
    let mut two = one.beside(ServerOptions::default()).await;
    let queue = json!({"enabled": true, "admit_per_minute": 600, "turn_seconds": 600});
    let id = one.publish(event(10, 20, json!({"queue": queue}))).await;
    let mut people = Vec::new();
    for number in 0..PEOPLE {
        let server = if number % 2 == 0 { &one } else { &two };
        people.push(Person::join(server, &id).await);
    }
    let indexes: BTreeSet<u64> = people.iter().map(|person| person.index).collect();
    assert_eq!(indexes, (0..PEOPLE as u64).collect(), "dense, each once");
    let act = format!("/v1/events/{id}/queue/open");
    assert_eq!(one.organizer("POST", &act, json!({"reason": "doors"}), 200).await["phase"], "open");

    // Whoever leads the line, it loses its leader once.
    until_inside(&two, &id, &mut people, 8).await;
    one.kill();
    until_inside(&two, &id, &mut people, 20).await;
    one.restart(ServerOptions::default()).await;
    two.kill();
    until_inside(&one, &id, &mut people, PEOPLE).await;
    let settings = format!("/v1/events/{id}/queue/settings");
    let line = wait_for("everybody to be counted", 30, || async {
        let line = one.organizer("GET", &settings, json!({}), 200).await;
        (line["inside"] == PEOPLE as u64).then_some(line)
    });
    assert_eq!(line.await["admitted"], PEOPLE as u64, "nobody was released twice");
    one.assert_audit_is_clean().await;
}

#[tokio::test]
async fn on_redis_and_postgres_a_line_outlives_either_of_its_processes() {
    a_line_outlives_either_of_its_processes(Combination::RedisAndPostgres).await;
}

#[tokio::test]
async fn on_a_cluster_and_postgres_a_line_outlives_either_of_its_processes() {
    a_line_outlives_either_of_its_processes(Combination::ClusterAndPostgres).await;
}

#[tokio::test]
async fn what_one_replica_admits_the_other_counts() {
    let limited = || ServerOptions::default().with("HOLDFAST_RATE_LIMIT_PER_MINUTE", "1000");
    let one = Server::start(Stores::start(Combination::RedisAndPostgres), limited()).await;
    let two = one.beside(limited()).await;
    let remaining = async |server: &Server| {
        let answer = server.http.get(format!("{}/v1/events", server.base)).send().await;
        let answer = answer.expect("an answer");
        let header = answer.headers()["ratelimit-remaining"].to_str().expect("text").to_owned();
        header.parse::<u32>().expect("a number")
    };
    for _ in 0..300 {
        remaining(&one).await;
    }
    let mut asked = 0;
    let heard = wait_for("the other's requests to count here", 30, || {
        asked += 1;
        let left = remaining(&two);
        async move { Some(left.await).filter(|left| *left < 1000 - 300) }
    });
    assert!(heard.await < 1000 - 300);
    assert!(asked >= 1);
}
