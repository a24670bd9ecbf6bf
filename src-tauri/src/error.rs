//! What the UI gets when a command did not succeed: a code it may act on, sentences for the person, details to fold.
//!
//! The sentences come from the crates that know the cause; here they are only put into one form. None holds a secret.

use checklist::{CannotTell, ChangeError, Obstacle, RunError, TransferError, WordsError};
use cipp_client::{ClientError, ErrorKind, Field, FieldError};
use connections::{KeychainError, KeychainState, SharedError, StoreError};
use log_archive::{ArchiveError, DayFileError};
use logbook::{ExportError, LogbookError};
use ms_client::{SignInError, SignInErrorKind};
use serde::Serialize;
use specta::Type;

/// A command that did not succeed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Type, thiserror::Error)]
#[serde(rename_all = "camelCase")]
#[error("{message}")]
pub struct CommandError {
    /// What the UI acts on.
    pub code: ErrorCode,
    /// The cause, one sentence.
    pub message: String,
    /// What to do next.
    pub remedy: Option<String>,
    /// Technical words for whoever helps; none where the message says it all.
    pub detail: Option<String>,
    /// The form field it is about.
    pub field: Option<Field>,
}

/// Why a command did not succeed, as far as the UI tells causes apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Type)]
#[serde(rename_all = "camelCase")]
pub enum ErrorCode {
    /// A value was not accepted; `field` says which.
    InvalidField,
    /// There is no keychain.
    KeychainMissing,
    /// The keychain is locked.
    KeychainLocked,
    /// The keychain does not answer.
    KeychainNotAnswering,
    /// The keychain answered with an error.
    KeychainFailing,
    /// The connection has no secret.
    SecretMissing,
    /// The file of connections is damaged.
    ConnectionsDamaged,
    /// The file of connections cannot be written.
    ConnectionsReadOnly,
    /// Another connection has this name.
    NameTaken,
    /// There is no such connection.
    NoSuchConnection,
    /// There is no such view, or no such row in it: it was closed.
    NoSuchView,
    /// No answer.
    Unreachable,
    /// Not CIPP's API.
    WrongAddress,
    /// Entra refused.
    SignInRefused,
    /// CIPP did not accept the token.
    NotAccepted,
    /// CIPP refused the call.
    NotAllowed,
    /// Too many calls.
    Throttled,
    /// An error on the server.
    ServerTrouble,
    /// The reply was not understood.
    NotUnderstood,
    /// The reply broke off.
    CutOff,
    /// The person cancelled, or something newer took over.
    Cancelled,
    /// The settings could not be read or kept.
    Settings,
    /// There is no such entry any more.
    NoSuchRow,
    /// The archive could not be read or written.
    Archive,
    /// A file could not be written.
    Export,
    /// There is a file of this name already.
    FileExists,
    /// What was done in a checklist could not be read or kept.
    Checklist,
    /// A step cannot be changed in this way.
    ChangeRefused,
    /// The file is no exported checklist run.
    NotARun,
    /// The file is no exported connection.
    NotAConnection,
    /// A secret was being replaced, and which of the two the keychain holds now is not known.
    SecretUnsure,
    /// Nobody finished the sign-in at Microsoft.
    SignInNotFinished,
    /// Somebody else signed in, or at another tenant.
    WrongPerson,
    /// Nobody is signed in at Microsoft.
    NotSignedIn,
    /// A time zone is not known.
    Zone,
    /// The link is not on the list of sites that may be opened.
    LinkNotAllowed,
    /// Anything else.
    Internal,
}

/// What every command returns.
pub type CommandResult<T> = Result<T, CommandError>;

impl CommandError {
    /// An error with nothing but its sentence.
    pub fn new(code: ErrorCode, message: impl Into<String>) -> CommandError {
        CommandError {
            code,
            message: message.into(),
            remedy: None,
            detail: None,
            field: None,
        }
    }

    /// With what to do next.
    pub fn with_remedy(mut self, remedy: impl Into<String>) -> CommandError {
        self.remedy = Some(remedy.into()).filter(|remedy: &String| !remedy.is_empty());
        self
    }

    /// With technical words.
    pub fn with_detail(mut self, detail: impl Into<String>) -> CommandError {
        self.detail = Some(detail.into()).filter(|detail: &String| !detail.is_empty());
        self
    }

    /// A fault of the program itself.
    pub fn internal(detail: impl std::fmt::Display) -> CommandError {
        CommandError::new(
            ErrorCode::Internal,
            "CIPP Desk could not do that because of a fault in the program itself.",
        )
        .with_remedy("Try once more. If it happens again, copy the details and report them.")
        .with_detail(detail.to_string())
    }

    /// The view was closed.
    pub fn no_such_view() -> CommandError {
        CommandError::new(ErrorCode::NoSuchView, "This log is no longer open.").with_remedy("Load it again.")
    }
}

impl From<FieldError> for CommandError {
    fn from(error: FieldError) -> Self {
        let field = error.field;
        let mut command = CommandError::new(ErrorCode::InvalidField, error.problem).with_remedy(error.remedy);
        command.field = Some(field);
        command
    }
}

impl From<ClientError> for CommandError {
    fn from(error: ClientError) -> Self {
        let code = match error.kind() {
            ErrorKind::Unreachable => ErrorCode::Unreachable,
            ErrorKind::WrongAddress => ErrorCode::WrongAddress,
            ErrorKind::SignInRefused => ErrorCode::SignInRefused,
            ErrorKind::NotAccepted => ErrorCode::NotAccepted,
            ErrorKind::NotAllowed => ErrorCode::NotAllowed,
            ErrorKind::Throttled => ErrorCode::Throttled,
            ErrorKind::ServerTrouble => ErrorCode::ServerTrouble,
            ErrorKind::NotUnderstood => ErrorCode::NotUnderstood,
            ErrorKind::CutOff => ErrorCode::CutOff,
            ErrorKind::Cancelled => ErrorCode::Cancelled,
            ErrorKind::Local => ErrorCode::Internal,
        };
        CommandError::new(code, error.to_string())
            .with_remedy(error.remedy())
            .with_detail(error.detail())
    }
}

impl From<StoreError> for CommandError {
    fn from(error: StoreError) -> Self {
        let code = match &error {
            StoreError::Field(field) => return field.clone().into(),
            StoreError::Damaged { .. } => ErrorCode::ConnectionsDamaged,
            StoreError::ReadOnly { .. } | StoreError::DiskFull { .. } => ErrorCode::ConnectionsReadOnly,
            StoreError::NameTaken { .. } => ErrorCode::NameTaken,
            StoreError::NotFound { .. } => ErrorCode::NoSuchConnection,
            StoreError::Newer { .. }
            | StoreError::Unreadable { .. }
            | StoreError::Busy { .. }
            | StoreError::NotDamaged { .. }
            | StoreError::NoFolder
            | StoreError::Io { .. } => ErrorCode::Internal,
        };
        let mut command = CommandError::new(code, error.to_string()).with_remedy(error.remedy());
        command.field = (code == ErrorCode::NameTaken).then_some(Field::Name);
        command
    }
}

impl From<KeychainError> for CommandError {
    fn from(error: KeychainError) -> Self {
        let code = match error.state() {
            KeychainState::Missing => ErrorCode::KeychainMissing,
            KeychainState::Locked => ErrorCode::KeychainLocked,
            KeychainState::NotAnswering => ErrorCode::KeychainNotAnswering,
            _ => ErrorCode::KeychainFailing,
        };
        CommandError::new(code, error.to_string()).with_remedy(error.remedy())
    }
}

impl From<RunError> for CommandError {
    fn from(error: RunError) -> Self {
        match error {
            RunError::Change(change) => change.into(),
            RunError::Transfer(transfer) => transfer.into(),
            RunError::File(_) => CommandError::new(ErrorCode::Checklist, error.to_string()),
            RunError::NoSuchConnection { .. } => CommandError::new(ErrorCode::NoSuchConnection, error.to_string()),
        }
    }
}

impl From<ChangeError> for CommandError {
    fn from(error: ChangeError) -> Self {
        CommandError::new(ErrorCode::ChangeRefused, error.to_string())
    }
}

impl From<TransferError> for CommandError {
    fn from(error: TransferError) -> Self {
        CommandError::new(ErrorCode::NotARun, error.to_string())
    }
}

impl From<SharedError> for CommandError {
    fn from(error: SharedError) -> Self {
        CommandError::new(ErrorCode::NotAConnection, error.to_string()).with_remedy(error.remedy())
    }
}

impl From<CannotTell> for CommandError {
    fn from(error: CannotTell) -> Self {
        let code = match error.cause {
            None => ErrorCode::Cancelled,
            Some(Obstacle::NotSignedIn) => ErrorCode::NotSignedIn,
            Some(Obstacle::Network) => ErrorCode::Unreachable,
            Some(Obstacle::Scope) => ErrorCode::NotAllowed,
            Some(_) => ErrorCode::NotUnderstood,
        };
        CommandError::new(code, error.reason).with_remedy(error.remedy)
    }
}

impl From<SignInError> for CommandError {
    fn from(error: SignInError) -> Self {
        let code = match error.kind() {
            SignInErrorKind::TimedOut | SignInErrorKind::StateMismatch => ErrorCode::SignInNotFinished,
            SignInErrorKind::WrongTenant | SignInErrorKind::WrongPerson => ErrorCode::WrongPerson,
            SignInErrorKind::Refused | SignInErrorKind::NotGenuine => ErrorCode::SignInRefused,
            SignInErrorKind::NotAskedYet | SignInErrorKind::SignedOut => ErrorCode::NotSignedIn,
            SignInErrorKind::Unreachable => ErrorCode::Unreachable,
            SignInErrorKind::NotUnderstood => ErrorCode::NotUnderstood,
            SignInErrorKind::Cancelled => ErrorCode::Cancelled,
            SignInErrorKind::NoPort | SignInErrorKind::Local => ErrorCode::Internal,
        };
        CommandError::new(code, error.to_string())
            .with_remedy(error.remedy())
            .with_detail(error.detail())
    }
}

impl From<WordsError> for CommandError {
    fn from(error: WordsError) -> Self {
        CommandError::new(ErrorCode::Internal, error.to_string())
    }
}

impl From<LogbookError> for CommandError {
    fn from(error: LogbookError) -> Self {
        let code = match error {
            LogbookError::Superseded => ErrorCode::Cancelled,
            LogbookError::NoSuchRow => ErrorCode::NoSuchRow,
            LogbookError::Archive(_) => ErrorCode::Archive,
        };
        CommandError::new(code, error.to_string())
    }
}

impl From<ArchiveError> for CommandError {
    fn from(error: ArchiveError) -> Self {
        CommandError::new(ErrorCode::Archive, error.to_string())
    }
}

impl From<DayFileError> for CommandError {
    fn from(error: DayFileError) -> Self {
        CommandError::new(ErrorCode::Archive, error.to_string())
    }
}

impl From<ExportError> for CommandError {
    fn from(error: ExportError) -> Self {
        let code = match error {
            ExportError::Cancelled => ErrorCode::Cancelled,
            ExportError::Exists => ErrorCode::FileExists,
            ExportError::TooMuch(_) | ExportError::NotWritten(_) => ErrorCode::Export,
        };
        CommandError::new(code, error.to_string())
    }
}

impl From<sandbox::SandboxError> for CommandError {
    fn from(error: sandbox::SandboxError) -> Self {
        CommandError::new(ErrorCode::Internal, error.to_string())
    }
}

impl From<tauri_plugin_store::Error> for CommandError {
    fn from(error: tauri_plugin_store::Error) -> Self {
        CommandError::new(ErrorCode::Settings, "Your settings could not be kept.")
            .with_remedy("Check that there is room on the disk and that the app's data folder is yours.")
            .with_detail(error.to_string())
    }
}

impl From<tokio::task::JoinError> for CommandError {
    /// Work in the background panicked: the app goes on, and says so.
    fn from(error: tokio::task::JoinError) -> Self {
        CommandError::internal(error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ui_gets_camel_case_codes_and_never_an_empty_sentence() {
        let error = CommandError::from(ClientError::Cancelled);
        let json = serde_json::to_value(&error).unwrap();
        assert_eq!(json["code"], "cancelled");
        assert_eq!(
            json["remedy"],
            serde_json::Value::Null,
            "nothing to do is null, not an empty text"
        );
    }

    #[test]
    fn a_field_error_names_its_field() {
        let error: CommandError = "no-guid".parse::<cipp_client::ClientId>().unwrap_err().into();
        assert_eq!(error.code, ErrorCode::InvalidField);
        assert_eq!(error.field, Some(Field::ClientId));
        assert!(error.remedy.is_some());
    }

    #[test]
    fn a_name_that_is_taken_is_shown_at_the_name() {
        let error: CommandError = StoreError::NameTaken { name: "Contoso".into() }.into();
        assert_eq!((error.code, error.field), (ErrorCode::NameTaken, Some(Field::Name)));
    }
}
