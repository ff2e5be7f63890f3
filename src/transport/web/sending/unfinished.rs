//! Work in the page on a file: the page ends it when nobody waits for it any more.

use crate::transport::web::sending::{forwards, uploads};
use crate::transport::web::whatsapp::Page;

/// What the page does with the file.
#[derive(Clone, Copy)]
pub(super) enum Work {
    Upload,
    Forward,
}

/// Work that the page ends if this is dropped before it is finished.
pub(super) struct Unfinished {
    page: Page,
    token: Option<String>,
    work: Work,
}

impl Unfinished {
    pub(super) fn new(page: &Page, token: &str, work: Work) -> Self {
        Self { page: page.clone(), token: Some(token.to_owned()), work }
    }

    pub(super) fn finished(mut self) {
        self.token = None;
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        let (Some(token), Ok(runtime)) = (self.token.take(), tokio::runtime::Handle::try_current()) else { return };
        let (page, work) = (self.page.clone(), self.work);
        runtime.spawn(async move {
            match work {
                Work::Upload => {
                    let _ = page.upload_cancel(&token).await;
                    uploads::forget(&page, &token).await;
                }
                Work::Forward => forwards::forget(&page, &token).await,
            }
        });
    }
}
