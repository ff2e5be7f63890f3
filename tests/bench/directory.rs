//! What 5,000 chats and 20,000 people cost: reading them from the page, and answering a page of them. A page of a list is to
//! take at most 50 ms, and the page's main thread is never to be held for more than 50 ms.

use std::time::Instant;

use serde_json::Value;
use simulator::{Options, PageBuild, Simulator};

use super::{DEADLINE, Process, row, settings};

const PEOPLE: usize = 20_000;
const CHATS: usize = 5_000;
/// How often each question is asked.
const QUESTIONS: usize = 200;
const READS: usize = 10;
const QUESTIONS_ASKED: [&str; 9] = [
    "/chats",
    "/chats?limit=1000",
    "/chats?unread=true&limit=1000",
    "/contacts",
    "/contacts?limit=1000",
    "/contacts?query=person%2019999",
    "/contacts?query=nobody",
    "/groups",
    "/groups?limit=1000",
];
/// The lists that are read page by page to their ends.
const LISTS: [(&str, usize); 3] = [("/chats", CHATS), ("/contacts", PEOPLE + 1), ("/groups", CHATS / 10)];

pub async fn directory() {
    let page = PageBuild { crowd_people: PEOPLE, crowd_chats: CHATS, ..PageBuild::default() };
    let simulator = Simulator::start(Options { page, ..Options::fast() }).await.unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut process = Process::start(&settings(&folder, &simulator.url(), true));
    let code = simulator.code(DEADLINE).await.unwrap();
    simulator.scan(&code).unwrap();
    process.reaches("READY");
    let client = session_manager::host::http_client::without_certificates().unwrap().build().unwrap();
    let ask = async |question: &str| {
        let begun = Instant::now();
        let answer = client.get(format!("{}{question}", process.url)).send().await.unwrap();
        assert_eq!(answer.status(), 200, "{question}");
        let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
        (begun.elapsed().as_secs_f64() * 1000.0, body)
    };
    let (rss, marks) = (process.rss(), simulator.record().marks.len());
    let (first, body) = ask("/contacts").await;
    assert_eq!(body["complete"], true);
    row("5,000 chats, 20,000 people: the first answer", &[first], "ms");
    row("  memory of the service for them", &[process.rss() - rss], "MiB RSS");
    for question in QUESTIONS_ASKED {
        let mut took = vec![];
        for _ in 0..QUESTIONS {
            took.push(ask(question).await.0);
        }
        row(&format!("  GET {question}"), &took, "ms");
    }
    for (list, length) in LISTS {
        let (mut took, mut found, mut after) = (vec![], 0, String::new());
        loop {
            let (time, body) = ask(&format!("{list}?limit=100{after}")).await;
            took.push(time);
            found += body["items"].as_array().unwrap().len();
            let Some(next) = body["next"].as_str() else { break };
            after = format!("&after={next}");
        }
        assert_eq!(found, length, "{list}");
        row(&format!("  GET {list}, its {} pages of 100", took.len()), &took, "ms");
    }
    let mut read = vec![];
    for _ in 0..READS {
        // A list that was read within this second counts as new.
        tokio::time::sleep(std::time::Duration::from_millis(1100)).await;
        read.push(ask("/chats?refresh=true&limit=1").await.0);
    }
    row("  reading all of them from the page", &read, "ms");
    let marks = simulator.record().marks.split_off(marks);
    let mut tasks: Vec<f64> =
        marks.iter().filter_map(|mark| mark.name.strip_prefix("task:")?.split(':').next()?.parse().ok()).collect();
    row("  tasks over 50 ms in the page meanwhile", &[tasks.len() as f64], "");
    // Without one, every task took less.
    tasks.push(0.0);
    let longest = tasks.iter().copied().fold(0.0, f64::max);
    row("  the longest of them", &[longest], "ms");
    process.stop();
    simulator.stop().await;
}
