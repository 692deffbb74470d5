import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Offer } from './accept.ts'
import { chooseOffer } from './accept.ts'

const jls = '1.2.840.10008.1.2.4.80'
const little = '1.2.840.10008.1.2.1'

const both = (type: string, transferSyntaxUids: string[]): Offer[] => [
  { type, isMultipart: true, transferSyntaxUids },
  { type, isMultipart: false, transferSyntaxUids },
]
const compressedFrame = [...both('image/jls', [jls]), ...both('application/octet-stream', [jls])]
const nativeFrame = both('application/octet-stream', [little, '1.2.840.10008.1.2'])
const object = both('application/dicom', [jls])
const study: Offer[] = [{ type: 'application/dicom', isMultipart: true }]
const metadata: Offer[] = [
  { type: 'application/dicom+json', isMultipart: false },
  { type: 'application/json', isMultipart: false },
]

/** 'multipart image/jls', 'single application/dicom' or 'none'. */
function choose(accept: string | undefined, offers: readonly Offer[]): string {
  const offer = chooseOffer(accept, offers)
  return offer ? `${offer.isMultipart ? 'multipart' : 'single'} ${offer.type}` : 'none'
}

const cases: [name: string, accept: string | undefined, offers: readonly Offer[], wanted: string][] = [
  ['no header', undefined, compressedFrame, 'multipart image/jls'],
  ['an empty header', '', compressedFrame, 'multipart image/jls'],
  ['a header that cannot be read', 'nonsense', compressedFrame, 'multipart image/jls'],
  ['anything', '*/*', compressedFrame, 'multipart image/jls'],
  ['anything, as browsers write it', 'text/html, image/avif, */*;q=0.8', object, 'multipart application/dicom'],
  [
    'OHIF and Cornerstone',
    'multipart/related; type=application/octet-stream; transfer-syntax=*',
    compressedFrame,
    'multipart application/octet-stream',
  ],
  [
    'a format, unquoted',
    'multipart/related; type=image/jls; transfer-syntax=1.2.840.10008.1.2.4.80',
    compressedFrame,
    'multipart image/jls',
  ],
  [
    'a format, quoted',
    'multipart/related; type="image/jls"; transfer-syntax="1.2.840.10008.1.2.4.80"',
    compressedFrame,
    'multipart image/jls',
  ],
  [
    'octets in the stored syntax',
    `multipart/related; type=application/octet-stream; transfer-syntax=${jls}`,
    compressedFrame,
    'multipart application/octet-stream',
  ],
  [
    'dicomweb-client: list of formats',
    'multipart/related; type="image/jpeg", multipart/related; type="image/jls"; q=0.5',
    compressedFrame,
    'multipart image/jls',
  ],
  [
    'a list whose first syntax is another',
    `multipart/related; type=application/dicom; transfer-syntax=${little}, multipart/related; type=application/dicom; transfer-syntax=*`,
    object,
    'multipart application/dicom',
  ],
  ['an older name of the format', 'multipart/related; type=image/x-jls', compressedFrame, 'multipart image/jls'],
  ['any image', 'multipart/related; type="image/*"', compressedFrame, 'multipart image/jls'],
  ['upper case', 'Multipart/Related; Type="Image/JLS"', compressedFrame, 'multipart image/jls'],
  ['multipart without a type', 'multipart/related', object, 'multipart application/dicom'],
  ['dcm4che', 'multipart/related;type=application/dicom;transfer-syntax=*', object, 'multipart application/dicom'],
  ['a single part', 'application/dicom', object, 'single application/dicom'],
  [
    'a single part in the stored syntax',
    `application/dicom; transfer-syntax=${jls}`,
    object,
    'single application/dicom',
  ],
  [
    'the weight decides',
    'application/dicom;q=0.2, multipart/related;type="application/dicom";q=0.9',
    object,
    'multipart application/dicom',
  ],
  [
    'a weight of nothing',
    'application/dicom;q=0, multipart/related;type="application/dicom"',
    object,
    'multipart application/dicom',
  ],
  ['octets by themselves', 'application/octet-stream', nativeFrame, 'single application/octet-stream'],
  [
    'native in implicit',
    'multipart/related; type=application/octet-stream; transfer-syntax=1.2.840.10008.1.2',
    nativeFrame,
    'multipart application/octet-stream',
  ],
  ['metadata', 'application/dicom+json', metadata, 'single application/dicom+json'],
  ['metadata as plain JSON', 'application/json', metadata, 'single application/json'],
  [
    'metadata for a viewer that wants its frames',
    'multipart/related; type="application/dicom+xml", application/dicom+json',
    metadata,
    'single application/dicom+json',
  ],
  ['another syntax alone', `application/dicom; transfer-syntax=${little}`, object, 'none'],
  ['another format alone', 'multipart/related; type=image/jpeg', compressedFrame, 'none'],
  ['a compressed format for native frames', 'multipart/related; type=image/jls', nativeFrame, 'none'],
  ['many files as one part', 'application/dicom', study, 'none'],
  ['metadata as XML', 'multipart/related; type="application/dicom+xml"', metadata, 'none'],
  ['a page', 'text/html', object, 'none'],
]

for (const [name, accept, offers, wanted] of cases) {
  test(`Accept: ${name} → ${wanted}`, () => assert.equal(choose(accept, offers), wanted))
}
