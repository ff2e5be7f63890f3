//! An event that a target did not accept: table `letters`.

use serde::{Deserialize, Serialize};

use super::values::StoredTime;
use crate::domain::dead_letter::{DeadLetter, Stage};

#[derive(Serialize, Deserialize)]
pub(in crate::store) struct StoredLetter {
    event: u64,
    stage: StoredStage,
    reason: String,
    attempts: u32,
    at: StoredTime,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum StoredStage {
    Waiting,
    Dead,
    Again,
    Done,
}

impl From<DeadLetter> for StoredLetter {
    fn from(letter: DeadLetter) -> Self {
        let DeadLetter { event, stage, reason, attempts, at } = letter;
        Self { event, stage: stage.into(), reason, attempts, at: at.into() }
    }
}

impl From<StoredLetter> for DeadLetter {
    fn from(stored: StoredLetter) -> Self {
        let StoredLetter { event, stage, reason, attempts, at } = stored;
        Self { event, stage: stage.into(), reason, attempts, at: at.into() }
    }
}

impl From<Stage> for StoredStage {
    fn from(stage: Stage) -> Self {
        match stage {
            Stage::Waiting => Self::Waiting,
            Stage::Dead => Self::Dead,
            Stage::Again => Self::Again,
            Stage::Done => Self::Done,
        }
    }
}

impl From<StoredStage> for Stage {
    fn from(stored: StoredStage) -> Self {
        match stored {
            StoredStage::Waiting => Self::Waiting,
            StoredStage::Dead => Self::Dead,
            StoredStage::Again => Self::Again,
            StoredStage::Done => Self::Done,
        }
    }
}
