//! Acts on messages and chats, by the page of WhatsApp Web.

use std::time::Duration;

use super::nothing_left;
use crate::domain::act::{Act, ChatAct};
use crate::domain::address::ChatId;
use crate::domain::message::MessageId;
use crate::domain::state::State;
use crate::transport::web::session::{Handle, SessionError};
use crate::transport::web::whatsapp::PageError;
use crate::transport::{ActFailure, NothingLeft};

impl Handle {
    /// Acts on a message; returns once the page's state shows it.
    pub async fn act(&self, message: &MessageId, act: &Act, patience: Duration) -> Result<(), ActFailure> {
        let page = self.page(State::Ready).map_err(|error| ActFailure::NothingLeft(nothing_left(error)))?;
        let acted = match act {
            Act::React(emoji) => page.react(message, emoji.as_str(), patience).await,
            Act::Edit(text) => page.edit(message, text, patience).await,
            Act::Revoke => page.revoke(message, patience).await,
            Act::DeleteForMe => page.delete_for_me(message, patience).await,
        };
        acted.map_err(failure)
    }

    /// The chat in the form in which the page has it; None if the page does not know the number.
    pub async fn chat(&self, chat: &ChatId) -> Result<Option<String>, NothingLeft> {
        let known = async { Ok(self.page(State::Ready)?.known(chat).await?) };
        known.await.map(|known| known.chat_id).map_err(nothing_left)
    }

    /// Acts on a chat of the page.
    pub async fn act_on_chat(&self, chat_id: &str, act: ChatAct, patience: Duration) -> Result<(), ActFailure> {
        let page = self.page(State::Ready).map_err(|error| ActFailure::NothingLeft(nothing_left(error)))?;
        let acted = match act {
            ChatAct::Read => page.seen(chat_id, patience).await,
            ChatAct::Unread => page.unread(chat_id, patience).await,
            ChatAct::Show(typing) => page.typing(chat_id, typing).await,
        };
        acted.map_err(failure)
    }
}

fn failure(error: PageError) -> ActFailure {
    match error {
        PageError::MessageAbsent | PageError::ChatAbsent => ActFailure::NothingLeft(NothingLeft::MessageAbsent),
        PageError::NotPossible(why) => ActFailure::NotPossible(why),
        error => match SessionError::from(error) {
            SessionError::NoAnswer(_) | SessionError::Stopped => ActFailure::Unknown,
            error => ActFailure::NothingLeft(nothing_left(error)),
        },
    }
}
