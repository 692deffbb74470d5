import { test } from 'node:test'
import { prove, whyNoPeers } from './peers-dicomweb.ts'

test('dicomweb-client, Orthanc and dcmtk send, search and fetch', { skip: whyNoPeers() }, () =>
  prove({ scale: 'small' }),
)
