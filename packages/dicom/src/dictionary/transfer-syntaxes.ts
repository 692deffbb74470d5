/** How a file's bytes are laid out (PS3.5 10, PS3.6 A). */
export interface TransferSyntax {
  uid: string
  name: string
  encapsulated: boolean
  /** The whole data set is a raw deflate stream. */
  deflated: boolean
  /** Byte order of the data set. */
  bigEndian: boolean
  /** No VR in the data set. */
  implicit: boolean
  /** Byte order of pixel data where it differs from the data set's. */
  bigEndianPixels: boolean
  isLossy: boolean
  /** Media type of one frame as stored (PS3.18 8.7.3). */
  mediaType: string
}

type Flag = 'encapsulated' | 'deflated' | 'bigEndian' | 'implicit' | 'bigEndianPixels' | 'isLossy'

function make(uid: string, name: string, mediaType: string, ...flags: Flag[]): TransferSyntax {
  const has = (flag: Flag): boolean => flags.includes(flag)
  return {
    uid,
    name,
    encapsulated: has('encapsulated'),
    deflated: has('deflated'),
    bigEndian: has('bigEndian'),
    implicit: has('implicit'),
    bigEndianPixels: has('bigEndianPixels') || has('bigEndian'),
    isLossy: has('isLossy'),
    mediaType,
  }
}

const octets = 'application/octet-stream'
const lossless = (uid: string, name: string, mediaType: string): TransferSyntax =>
  make(uid, name, mediaType, 'encapsulated')
const lossy = (uid: string, name: string, mediaType: string): TransferSyntax =>
  make(uid, name, mediaType, 'encapsulated', 'isLossy')

export const transferSyntaxes: readonly TransferSyntax[] = [
  make('1.2.840.10008.1.2', 'Implicit VR Little Endian', octets, 'implicit'),
  make('1.2.840.10008.1.2.1', 'Explicit VR Little Endian', octets),
  make('1.2.840.10008.1.2.1.99', 'Deflated Explicit VR Little Endian', octets, 'deflated'),
  make('1.2.840.10008.1.2.2', 'Explicit VR Big Endian', octets, 'bigEndian'),
  make(
    '1.2.840.113619.5.2',
    'Implicit VR Little Endian, big endian pixels (GE private)',
    octets,
    'implicit',
    'bigEndianPixels',
  ),
  make('1.2.840.10008.1.20', 'Papyrus 3 Implicit VR Little Endian (retired)', octets, 'implicit'),
  lossless('1.2.840.10008.1.2.1.98', 'Encapsulated Uncompressed Explicit VR Little Endian', octets),
  lossless('1.2.840.10008.1.2.8.1', 'Deflated Image Frame Compression', octets),
  lossy('1.2.840.10008.1.2.4.50', 'JPEG Baseline', 'image/jpeg'),
  lossy('1.2.840.10008.1.2.4.51', 'JPEG Extended', 'image/jpeg'),
  lossy('1.2.840.10008.1.2.4.52', 'JPEG Extended, process 3 and 5', 'image/jpeg'),
  lossy('1.2.840.10008.1.2.4.53', 'JPEG Spectral Selection, process 6 and 8', 'image/jpeg'),
  lossy('1.2.840.10008.1.2.4.54', 'JPEG Spectral Selection, process 7 and 9', 'image/jpeg'),
  lossy('1.2.840.10008.1.2.4.55', 'JPEG Full Progression, process 10 and 12', 'image/jpeg'),
  lossy('1.2.840.10008.1.2.4.56', 'JPEG Full Progression, process 11 and 13', 'image/jpeg'),
  lossless('1.2.840.10008.1.2.4.57', 'JPEG Lossless, process 14', 'image/jpeg'),
  lossless('1.2.840.10008.1.2.4.58', 'JPEG Lossless, process 15', 'image/jpeg'),
  lossy('1.2.840.10008.1.2.4.59', 'JPEG Extended, hierarchical, process 16 and 18', 'image/jpeg'),
  lossy('1.2.840.10008.1.2.4.60', 'JPEG Extended, hierarchical, process 17 and 19', 'image/jpeg'),
  lossy('1.2.840.10008.1.2.4.61', 'JPEG Spectral Selection, hierarchical, process 20 and 22', 'image/jpeg'),
  lossy('1.2.840.10008.1.2.4.62', 'JPEG Spectral Selection, hierarchical, process 21 and 23', 'image/jpeg'),
  lossy('1.2.840.10008.1.2.4.63', 'JPEG Full Progression, hierarchical, process 24 and 26', 'image/jpeg'),
  lossy('1.2.840.10008.1.2.4.64', 'JPEG Full Progression, hierarchical, process 25 and 27', 'image/jpeg'),
  lossless('1.2.840.10008.1.2.4.65', 'JPEG Lossless, hierarchical, process 28', 'image/jpeg'),
  lossless('1.2.840.10008.1.2.4.66', 'JPEG Lossless, hierarchical, process 29', 'image/jpeg'),
  lossless('1.2.840.10008.1.2.4.70', 'JPEG Lossless, first-order prediction', 'image/jpeg'),
  lossless('1.2.840.10008.1.2.4.80', 'JPEG-LS Lossless', 'image/jls'),
  lossy('1.2.840.10008.1.2.4.81', 'JPEG-LS Near-Lossless', 'image/jls'),
  lossless('1.2.840.10008.1.2.4.90', 'JPEG 2000 Lossless Only', 'image/jp2'),
  lossy('1.2.840.10008.1.2.4.91', 'JPEG 2000', 'image/jp2'),
  lossless('1.2.840.10008.1.2.4.92', 'JPEG 2000 Part 2 Lossless Only', 'image/jpx'),
  lossy('1.2.840.10008.1.2.4.93', 'JPEG 2000 Part 2', 'image/jpx'),
  // No pixel data in the file, but the address of a JPIP server (PS3.5 A.6, A.7).
  make('1.2.840.10008.1.2.4.94', 'JPIP Referenced', octets),
  make('1.2.840.10008.1.2.4.95', 'JPIP Referenced Deflate', octets, 'deflated'),
  lossy('1.2.840.10008.1.2.4.100', 'MPEG2 Main Profile Main Level', 'video/mpeg'),
  lossy('1.2.840.10008.1.2.4.100.1', 'Fragmentable MPEG2 Main Profile Main Level', 'video/mpeg'),
  lossy('1.2.840.10008.1.2.4.101', 'MPEG2 Main Profile High Level', 'video/mpeg'),
  lossy('1.2.840.10008.1.2.4.101.1', 'Fragmentable MPEG2 Main Profile High Level', 'video/mpeg'),
  lossy('1.2.840.10008.1.2.4.102', 'MPEG-4 AVC/H.264 High Profile 4.1', 'video/mp4'),
  lossy('1.2.840.10008.1.2.4.102.1', 'Fragmentable MPEG-4 AVC/H.264 High Profile 4.1', 'video/mp4'),
  lossy('1.2.840.10008.1.2.4.103', 'MPEG-4 AVC/H.264 BD-compatible 4.1', 'video/mp4'),
  lossy('1.2.840.10008.1.2.4.103.1', 'Fragmentable MPEG-4 AVC/H.264 BD-compatible 4.1', 'video/mp4'),
  lossy('1.2.840.10008.1.2.4.104', 'MPEG-4 AVC/H.264 4.2 for 2D Video', 'video/mp4'),
  lossy('1.2.840.10008.1.2.4.104.1', 'Fragmentable MPEG-4 AVC/H.264 4.2 for 2D Video', 'video/mp4'),
  lossy('1.2.840.10008.1.2.4.105', 'MPEG-4 AVC/H.264 4.2 for 3D Video', 'video/mp4'),
  lossy('1.2.840.10008.1.2.4.105.1', 'Fragmentable MPEG-4 AVC/H.264 4.2 for 3D Video', 'video/mp4'),
  lossy('1.2.840.10008.1.2.4.106', 'MPEG-4 AVC/H.264 Stereo High Profile 4.2', 'video/mp4'),
  lossy('1.2.840.10008.1.2.4.106.1', 'Fragmentable MPEG-4 AVC/H.264 Stereo High Profile 4.2', 'video/mp4'),
  lossy('1.2.840.10008.1.2.4.107', 'HEVC/H.265 Main Profile 5.1', 'video/mp4'),
  lossy('1.2.840.10008.1.2.4.108', 'HEVC/H.265 Main 10 Profile 5.1', 'video/mp4'),
  lossless('1.2.840.10008.1.2.4.110', 'JPEG XL Lossless', 'image/jxl'),
  lossy('1.2.840.10008.1.2.4.111', 'JPEG XL JPEG Recompression', 'image/jxl'),
  lossy('1.2.840.10008.1.2.4.112', 'JPEG XL', 'image/jxl'),
  lossless('1.2.840.10008.1.2.4.201', 'High-Throughput JPEG 2000 Lossless Only', 'image/jphc'),
  lossless('1.2.840.10008.1.2.4.202', 'High-Throughput JPEG 2000 RPCL Lossless Only', 'image/jphc'),
  lossy('1.2.840.10008.1.2.4.203', 'High-Throughput JPEG 2000', 'image/jphc'),
  make('1.2.840.10008.1.2.4.204', 'JPIP HTJ2K Referenced', octets),
  make('1.2.840.10008.1.2.4.205', 'JPIP HTJ2K Referenced Deflate', octets, 'deflated'),
  lossless('1.2.840.10008.1.2.5', 'RLE Lossless', 'image/dicom-rle'),
  lossless('1.2.840.10008.1.2.7.1', 'SMPTE ST 2110-20 Uncompressed Progressive Active Video', octets),
  lossless('1.2.840.10008.1.2.7.2', 'SMPTE ST 2110-20 Uncompressed Interlaced Active Video', octets),
  lossless('1.2.840.10008.1.2.7.3', 'SMPTE ST 2110-30 PCM Digital Audio', octets),
]

const byUid = new Map(transferSyntaxes.map((syntax) => [syntax.uid, syntax]))

export function transferSyntax(uid: string): TransferSyntax | undefined {
  return byUid.get(uid)
}
