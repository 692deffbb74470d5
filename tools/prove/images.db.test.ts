import { test } from 'node:test'
import { prove, whyNoContainers } from './images.ts'

test('both images are built, and run closed', { skip: whyNoContainers() }, () => prove({ scale: 'small' }))
