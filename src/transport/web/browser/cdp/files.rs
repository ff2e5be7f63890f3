//! Files that a page is given: it gets a path, and the browser reads the file.

use std::path::Path;
use std::time::Duration;

use chromiumoxide_cdp::cdp::browser_protocol::dom::SetFileInputFilesParams;
use chromiumoxide_cdp::cdp::js_protocol::runtime::{EvaluateParams, ReleaseObjectParams};

use super::{CallError, Tab};

impl Tab {
    /// Gives a file to the input element that an expression, or its promise, returns. The bytes stay on the disk until
    /// the page reads them.
    pub async fn give_file(&self, element: String, path: &Path, deadline: Duration) -> Result<(), CallError> {
        let mut params = EvaluateParams::new(element);
        params.await_promise = Some(true);
        params.return_by_value = Some(false);
        let answer = self.call(params, deadline).await?;
        let Some(object) = answer.result.object_id else {
            return Err(CallError::Threw("there is no element for files".to_owned()));
        };
        let Some(path) = path.to_str() else {
            return Err(CallError::Refused("the file's path is not UTF-8".to_owned()));
        };
        let mut params = SetFileInputFilesParams::new(vec![path.to_owned()]);
        params.object_id = Some(object.clone());
        let given = self.call(params, deadline).await.map(|_| ());
        // A failure leaves only the handle, which a reload releases.
        let released = self.call(ReleaseObjectParams::new(object), deadline).await;
        given.and(released.map(|_| ()))
    }
}
