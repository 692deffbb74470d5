import { test } from 'node:test'
import { prove } from '../../../tools/prove/fuzz-reader.ts'

test('mutated files end in a result or a DicomReadError, in bounded time and memory, whatever the chunks', () =>
  prove({ scale: 'small' }))
