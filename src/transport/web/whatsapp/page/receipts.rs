//! The call about the receivers of a message.

use serde::Deserialize;
use serde_json::json;

use super::{Page, PageError};
use crate::domain::message::MessageId;
use crate::domain::receipt::Receipt;
use crate::domain::time::Timestamp;

#[derive(Deserialize)]
struct ReceiptShape {
    phone: Option<String>,
    lid: Option<String>,
    delivered_s: Option<u64>,
    read_s: Option<u64>,
    played_s: Option<u64>,
}

impl From<ReceiptShape> for Receipt {
    fn from(shape: ReceiptShape) -> Self {
        let ReceiptShape { phone, lid, delivered_s, read_s, played_s } = shape;
        let at = |s: Option<u64>| s.map(|s| Timestamp::from_millis(s.saturating_mul(1000)));
        // Who has read or played a message has received it, and may have told only that.
        let delivered_s = [delivered_s, read_s, played_s].into_iter().flatten().min();
        Self { phone, lid, delivered: at(delivered_s), read: at(read_s), played: at(played_s) }
    }
}

impl Page {
    /// Who has received, read and played a message of this account, from the page's own table; None: it has nothing of this
    /// message.
    pub async fn receipts(&self, message: &MessageId) -> Result<Option<Vec<Receipt>>, PageError> {
        #[derive(Deserialize)]
        struct Told {
            people: Option<Vec<ReceiptShape>>,
        }
        let told: Told = self.call("receipts", json!({ "message_id": message.as_str() }), self.deadline).await?;
        Ok(told.people.map(|people| people.into_iter().map(Receipt::from).collect()))
    }
}
