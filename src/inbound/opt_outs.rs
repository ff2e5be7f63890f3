//! People who write that they want no further messages: BAJA, STOP, or a word of OPT_OUT_WORDS, as the whole message.
//! They are remembered before the message is stored: a message that a crash loses here comes again.

use std::sync::Arc;

use crate::domain::log::Direction;
use crate::domain::secret::masked;
use crate::domain::time::Timestamp;
use crate::store::{LogChange, Store, StoreError};

const WORDS: [&str; 2] = ["BAJA", "STOP"];
/// No word is longer than this many bytes.
const LONGEST: usize = 400;

/// Cheap to clone.
#[derive(Clone)]
pub struct OptOuts {
    words: Arc<[String]>,
    store: Store,
}

impl OptOuts {
    /// `own` is OPT_OUT_WORDS.
    pub fn new(own: &[String], store: Store) -> Self {
        let words = WORDS.into_iter().chain(own.iter().map(String::as_str)).map(normal).filter(|word| !word.is_empty());
        Self { words: words.collect(), store }
    }

    /// Remembers those of whom a change says that they want no further messages.
    ///
    /// # Errors
    /// The store cannot be written to: the changes must not be stored either.
    pub(super) async fn note(&self, changes: &[LogChange]) -> Result<(), StoreError> {
        for change in changes {
            let (chat, phone, lid, body, said_at) = match change {
                LogChange::Add(message) if message.direction == Direction::In => {
                    (&message.chat, &message.phone, &message.lid, &message.body, message.timestamp)
                }
                LogChange::Amend(message, _) if !message.from_me => {
                    // Who edits a message says something when they edit it.
                    let said_at = message.edited_ms.unwrap_or_default().max(message.t.saturating_mul(1000));
                    (&message.chat, &message.phone, &message.lid, &message.body, Timestamp::from_millis(said_at))
                }
                _ => continue,
            };
            if is_personal(chat) && self.is_a_word(body.reveal()) {
                // The other way may tell of a message under another name of the person: it was noted when it was stored.
                if let LogChange::Add(message) = change
                    && self.store.has_message(message).await?
                {
                    continue;
                }
                let names = [Some(chat), phone.as_ref(), lid.as_ref()].into_iter().flatten().cloned().collect();
                let who = masked(phone.as_ref().unwrap_or(chat));
                if self.store.opt_out(names, said_at).await? {
                    tracing::info!(who, "somebody wants no further messages (opt-out)");
                }
            }
        }
        Ok(())
    }

    fn is_a_word(&self, body: &str) -> bool {
        if body.len() > LONGEST {
            return false;
        }
        let body = normal(body);
        self.words.contains(&body)
    }
}

fn is_personal(chat: &str) -> bool {
    matches!(chat.rsplit_once('@'), Some((_, "c.us" | "lid" | "bsuid")))
}

/// The text in lower case, without accents, and without signs and spaces around it.
fn normal(text: &str) -> String {
    let is_accent = |c: &char| matches!(c, '\u{300}'..='\u{36f}');
    let plain: String =
        text.chars().flat_map(char::to_lowercase).filter(|c| !is_accent(c)).map(without_accent).collect();
    let words: Vec<_> = plain.split_whitespace().collect();
    words.join(" ").trim_matches(|c: char| !c.is_alphanumeric()).to_owned()
}

fn without_accent(c: char) -> char {
    match c {
        'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' => 'a',
        'é' | 'è' | 'ê' | 'ë' => 'e',
        'í' | 'ì' | 'î' | 'ï' => 'i',
        'ó' | 'ò' | 'ô' | 'ö' | 'õ' => 'o',
        'ú' | 'ù' | 'û' | 'ü' => 'u',
        'ñ' => 'n',
        'ç' => 'c',
        c => c,
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;
    use crate::domain::log::LoggedMessage;
    use crate::domain::log::tests::page_message;
    use crate::domain::message::PageMessage;
    use crate::domain::via::Via;
    use crate::domain::wamid::Wamid;

    async fn wants_none(page: PageMessage) -> bool {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap().store;
        let opt_outs = OptOuts::new(&["No más".to_owned()], store.clone());
        let message = LoggedMessage::from_page(page, Timestamp::from_millis(1), false).unwrap();
        opt_outs.note(&[LogChange::Add(Box::new(message))]).await.unwrap();
        store.has_opted_out(vec!["5491122334455".to_owned(), "1@lid".to_owned()]).await.unwrap()
    }

    #[tokio::test]
    async fn the_whole_message_counts_in_any_case_and_with_or_without_accents() {
        for text in ["BAJA", " baja\n", "Stop.", "¡STOP!", "no mas", "NO  MÁS", "no ma\u{301}s", "*Baja*"] {
            assert!(wants_none(page_message("a", text)).await, "{text}");
        }
        for text in ["baja el precio", "trabaja", "no paren", "stopp", "", "sto p"] {
            assert!(!wants_none(page_message("a", text)).await, "{text}");
        }
    }

    #[tokio::test]
    async fn an_edit_to_a_word_counts_from_when_it_was_made() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap().store;
        let opt_outs = OptOuts::new(&[], store.clone());
        let name = || vec!["1@lid".to_owned()];
        let edited = |t: u64, edited_ms: u64| {
            let edit = PageMessage { t, edited_ms: Some(edited_ms), ..page_message("a", "BAJA") };
            [LogChange::Amend(Box::new(edit), Timestamp::from_millis(1))]
        };
        opt_outs.note(&edited(1, 9000)).await.unwrap();
        assert!(store.take_back_opt_out(name()).await.unwrap());
        opt_outs.note(&edited(1, 9000)).await.unwrap();
        assert!(!store.has_opted_out(name()).await.unwrap(), "the same edit is told again");
        opt_outs.note(&edited(1, 10_500)).await.unwrap();
        assert!(store.has_opted_out(name()).await.unwrap(), "a later one is another wish");
    }

    #[tokio::test]
    async fn a_message_that_the_other_way_tells_again_under_another_name_is_no_wish_of_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(folder.path()).await.unwrap().store;
        let opt_outs = OptOuts::new(&[], store.clone());
        let (number, key) = ("5491122334455".to_owned(), "3A4A6599AEE03810144F".to_owned());
        let page_id = format!("false_1@lid_{key}");
        let wamid = Wamid { number: number.clone(), from_me: false, key }.encode();
        let by_cloud =
            PageMessage { chat: format!("{number}@c.us"), phone: Some(number.clone()), ..page_message(&wamid, "STOP") };
        let mut by_cloud = LoggedMessage::from_page(by_cloud, Timestamp::from_millis(1), false).unwrap();
        by_cloud.source = Via::Cloud;
        let by_page =
            LoggedMessage::from_page(page_message(&page_id, "STOP"), Timestamp::from_millis(1), false).unwrap();
        let told = Arc::new(vec![LogChange::Add(Box::new(by_cloud))]);
        opt_outs.note(&told).await.unwrap();
        store.log(told).await.unwrap();
        assert!(store.take_back_opt_out(vec![number]).await.unwrap());
        opt_outs.note(&[LogChange::Add(Box::new(by_page))]).await.unwrap();
        assert!(!store.has_opted_out(vec!["1@lid".to_owned()]).await.unwrap());
    }

    #[tokio::test]
    async fn only_what_somebody_else_writes_to_this_account_counts() {
        assert!(!wants_none(PageMessage { from_me: true, ..page_message("a", "STOP") }).await);
        assert!(!wants_none(PageMessage { chat: "1@g.us".to_owned(), ..page_message("a", "STOP") }).await);
        let phone = Some("5491122334455".to_owned());
        assert!(wants_none(PageMessage { chat: "2@lid".to_owned(), phone, ..page_message("a", "STOP") }).await);
    }
}
