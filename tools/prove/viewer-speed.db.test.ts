import { test } from 'node:test'
import { missingBrowser } from '../../e2e/src/browser.ts'
import { prove } from './viewer-speed.ts'

test(
  'pictures stand on the canvas before much has come over the line, never by way of whole frames, in bounded memory',
  { skip: missingBrowser ?? false },
  () => prove({ scale: 'small' }),
)
