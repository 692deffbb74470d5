import charlsWasm from '@cornerstonejs/codec-charls/decodewasm?url'
import jpegXlWasm from '@cornerstonejs/codec-libjxl/decodewasm?url'
import openJpegWasm from '@cornerstonejs/codec-openjpeg/decodewasm?url'
import openJphWasm from '@cornerstonejs/codec-openjph/wasm?url'
import { type Codecs, createCodecs } from '@instandt/pixels'

/** The codecs as a worker of the web app loads them: from the addresses the build gave their programs. */
export const createWorkerCodecs = (): Codecs =>
  createCodecs({ 'jpeg-ls': charlsWasm, 'jpeg-2000': openJpegWasm, htj2k: openJphWasm, 'jpeg-xl': jpegXlWasm })
