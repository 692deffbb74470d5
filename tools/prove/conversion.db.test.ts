import { test } from 'node:test'
import { prove, whyNoImageTools } from './conversion.ts'

test(
  'files of libtiff become objects equal to the bit, in order for dcmtk, in little memory',
  { skip: whyNoImageTools },
  () => prove({ scale: 'small' }),
)
