import { test } from 'node:test'
import { prove, whyNoPeers } from './peers.ts'

test('frames transcoded and rendered are what dcmtk, GDCM and OpenJPEG decode', { skip: whyNoPeers }, () =>
  prove({ scale: 'small' }),
)
