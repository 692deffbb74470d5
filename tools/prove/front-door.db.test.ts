import { test } from 'node:test'
import { prove, whyNoFirewall } from './front-door.ts'

test('everyday work passes the firewall, attacks do not, and every exception is needed', { skip: whyNoFirewall }, () =>
  prove({ scale: 'small' }),
)
