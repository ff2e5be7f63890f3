// The errors of files, with the names and words of the real page.

const named = (name, Base = Error) =>
  ({
    [name]: class extends Base {
      constructor(...values) {
        super(...values);
        this.name = name;
      }
    },
  })[name];

class StatusError extends Error {
  constructor(status, words) {
    super(words === undefined ? '' : `${words}: ${status}`);
    this.status = status;
  }
}

export const HttpStatusCodeError = named('HttpStatusCodeError', StatusError);
export const HttpNetworkError = named('HttpNetworkError');
export const HttpInvalidResponseError = named('HttpInvalidResponseError');
export const MmsDownloadFilehashMismatchError = named(
  'MmsDownloadFilehashMismatchError',
  class extends HttpInvalidResponseError {
    constructor() {
      super('mmsDownload: filehash mismatch');
    }
  },
);

/** An error that is always of one status. */
const ofStatus = (name, status) =>
  named(
    name,
    class extends HttpStatusCodeError {
      constructor(words) {
        super(status, words);
      }
    },
  );

export const MediaNotFoundError = ofStatus('MediaNotFoundError', 404);
export const MMSUnauthorizedError = ofStatus('MMSUnauthorizedError', 401);
export const MediaTooLargeError = ofStatus('MediaTooLargeError', 413);
export const MediaInvalidError = ofStatus('MediaInvalidError', 415);
export const MMSForbiddenError = ofStatus('MMSForbiddenError', 403);
export const MMSThrottleError = ofStatus('MMSThrottleError', 507);

export const MediaFileError = named('MediaFileError');
export const InvalidMediaFileType = named('InvalidMediaFileType', MediaFileError);
export const MediaDecryptionError = named('MediaDecryptionError', MediaFileError);
export const MediaHashMismatch = named('MediaHashMismatch', MediaFileError);
export const MediaNeedsReupload = named('MediaNeedsReupload');
export const AbortError = named('AbortError');
export const MediaNotOnPhone = named(
  'MediaNotOnPhone',
  class extends StatusError {
    constructor() {
      super(404);
    }
  },
);

export const errorModules = {
  WAWebHttpErrors: { HttpNetworkError, HttpStatusCodeError, HttpInvalidResponseError, MmsDownloadFilehashMismatchError },
  WAWebMmsClientErrors: {
    MediaNotFoundError, MediaTooLargeError, MediaInvalidError, MMSUnauthorizedError, MMSForbiddenError, MMSThrottleError,
  },
  WAWebMediaFileErrors: { MediaFileError, InvalidMediaFileType, MediaDecryptionError, MediaHashMismatch },
  WAWebDownloadManagerErrors: { MediaNotOnPhone },
  WAWebMediaLoadErrors: { MediaNeedsReupload },
};
