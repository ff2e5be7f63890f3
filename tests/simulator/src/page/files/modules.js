// The modules of the real page that fetch and upload files.
import { errorModules } from '/static/file-errors.js';
import { MEDIA_TYPES, getMsgMediaType, msgToMediaType } from '/static/file-kinds.js';
import { LruMediaStore, downloadAndMaybeDecrypt } from '/static/download.js';
import { InMemoryMediaBlobCache } from '/static/file-objects.js';
import { alone } from '/static/loader.js';
import { encryptAndUpload, getUploadLimit, getValidMimeTypes, parseWebp } from '/static/upload.js';
import { RequestMediaReuploadManager, rmr } from '/static/reupload.js';

const startQpl = () => ({ addPoint() {}, addAnnotations() {}, endSuccess() {}, endFailWithError() {} });

export const fileModules = {
  WAWebDownloadManager: { downloadManager: { downloadAndMaybeDecrypt, rmr } },
  WAWebStartMediaDownloadQpl: { startMediaDownloadQpl: startQpl },
  WAWebStartMediaUploadQpl: { startMediaUploadQpl: startQpl },
  WAWebUploadManager: alone({ encryptAndUpload }),
  WAWebMediaGatingUtils: { getUploadLimit },
  WAWebWebpParseWebp: { parseWebp },
  WAWebMmsMediaTypes: {
    MEDIA_TYPES,
    MEDIA_TYPE_VALUES: Object.values(MEDIA_TYPES),
    getMsgMediaType,
    getValidMimeTypes,
    msgToMediaType,
  },
  WAWebMediaStore: { LruMediaStore },
  WAWebMediaInMemoryBlobCache: { InMemoryMediaBlobCache },
  WAWebRequestMediaReuploadManager: { RequestMediaReuploadManager },
  ...errorModules,
};
