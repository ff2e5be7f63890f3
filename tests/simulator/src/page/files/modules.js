// The modules of the real page that fetch and upload files.
import { errorModules } from '/static/file-errors.js';
import { MEDIA_TYPES, getMsgMediaType, msgToMediaType } from '/static/file-kinds.js';
import { LruMediaStore, downloadAndMaybeDecrypt } from '/static/download.js';
import { InMemoryMediaBlobCache, getOrCreateMediaObject } from '/static/file-objects.js';
import { MediaPrep, OpaqueData, getMediaPropsNew, prepRawMedia, shouldUseMediaCache, uploadMedia } from '/static/prep.js';
import { alone } from '/static/loader.js';
import { encryptAndUpload, getUploadLimit, getValidMimeTypes, parseWebp } from '/static/upload.js';
import { RequestMediaReuploadManager, rmr } from '/static/reupload.js';

const startQpl = () => ({ addPoint() {}, addAnnotations() {}, endSuccess() {}, endFailWithError() {} });

/** Pictures of products are no messages: nothing here uses them. */
const uploadProductImage = () => Promise.reject(new Error('there are no products'));

export const fileModules = {
  WAWebDownloadManager: { downloadManager: { downloadAndMaybeDecrypt, rmr } },
  WAWebStartMediaDownloadQpl: { startMediaDownloadQpl: startQpl },
  WAWebStartMediaUploadQpl: { startMediaUploadQpl: startQpl },
  WAWebUploadManager: alone({ encryptAndUpload }),
  WAWebMediaGatingUtils: { getUploadLimit },
  WAWebMediaOpaqueData: alone(OpaqueData),
  WAWebMediaStorage: { getOrCreateMediaObject },
  WAWebMediaDataUtils: { shouldUseMediaCache },
  WAWebPrepRawMedia: { prepRawMedia },
  WAWebMediaPrep: { MediaPrep, getMediaPropsNew },
  WAWebMedia: { MediaPrep, getMediaPropsNew, prepRawMedia, uploadProductImage },
  WAWebMediaMmsV4Upload: { uploadMedia },
  WAWebWebpParseWebp: { parseWebp },
  WAWebMmsMediaTypes: {
    MEDIA_TYPES,
    MEDIA_TYPE_VALUES: Object.values(MEDIA_TYPES),
    castToV4: (type) => MEDIA_TYPES[type],
    getMsgMediaType,
    getValidMimeTypes,
    msgToMediaType,
  },
  WAWebMediaStore: { LruMediaStore },
  WAWebMediaInMemoryBlobCache: { InMemoryMediaBlobCache },
  WAWebRequestMediaReuploadManager: { RequestMediaReuploadManager },
  ...errorModules,
};
