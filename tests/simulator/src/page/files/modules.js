// The modules of the real page that fetch files.
import { errorModules } from '/static/file-errors.js';
import { MEDIA_TYPES, getMsgMediaType, msgToMediaType } from '/static/file-kinds.js';
import { LruMediaStore, downloadAndMaybeDecrypt } from '/static/download.js';
import { InMemoryMediaBlobCache } from '/static/file-objects.js';
import { RequestMediaReuploadManager, rmr } from '/static/reupload.js';

const startMediaDownloadQpl = () => ({ addPoint() {}, addAnnotations() {}, endSuccess() {}, endFailWithError() {} });

export const fileModules = {
  WAWebDownloadManager: { downloadManager: { downloadAndMaybeDecrypt, rmr } },
  WAWebStartMediaDownloadQpl: { startMediaDownloadQpl },
  WAWebMmsMediaTypes: { MEDIA_TYPES, MEDIA_TYPE_VALUES: Object.values(MEDIA_TYPES), getMsgMediaType, msgToMediaType },
  WAWebMediaStore: { LruMediaStore },
  WAWebMediaInMemoryBlobCache: { InMemoryMediaBlobCache },
  WAWebRequestMediaReuploadManager: { RequestMediaReuploadManager },
  ...errorModules,
};
