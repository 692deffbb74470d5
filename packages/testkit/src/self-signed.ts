import { generateKeyPairSync, randomBytes, sign } from 'node:crypto'

/** A certificate for 127.0.0.1 and localhost that vouches for itself, both parts as PEM. */
export interface SelfSigned {
  certificate: string
  key: string
}

const sequence = 0x30
const set = 0x31
const integer = 0x02
const utf8String = 0x0c
const generalizedTime = 0x18
const octetString = 0x04
const bitString = 0x03
const booleanType = 0x01

/**
 * Makes a certificate, valid for a day unless told otherwise, without a program that a small machine may lack (RFC 5280 4.1).
 * Of several of one name a process trusts only one.
 */
export function makeSelfSigned({ days = 1, name: commonName = 'localhost' } = {}): SelfSigned {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' })
  const ecdsaWithSha256 = der(sequence, oid([1, 2, 840, 10045, 4, 3, 2]))
  const name = der(sequence, der(set, der(sequence, oid([2, 5, 4, 3]), der(utf8String, Buffer.from(commonName)))))
  const now = Date.now()
  const validity = der(sequence, time(now - 3_600_000), time(now + days * 86_400_000))
  const isAuthority = der(sequence, der(booleanType, Buffer.from([0xff])))
  const names = der(sequence, der(0x82, Buffer.from('localhost')), der(0x87, Buffer.from([127, 0, 0, 1])))
  const extensions = der(
    0xa3,
    der(
      sequence,
      der(sequence, oid([2, 5, 29, 19]), der(octetString, isAuthority)),
      der(sequence, oid([2, 5, 29, 17]), der(octetString, names)),
    ),
  )
  const toSign = der(
    sequence,
    der(0xa0, der(integer, Buffer.from([2]))),
    // Positive and without leading zero octets.
    der(integer, Buffer.concat([Buffer.from([0x40]), randomBytes(8)])),
    ecdsaWithSha256,
    name,
    validity,
    name,
    publicKey.export({ type: 'spki', format: 'der' }),
    extensions,
  )
  const signature = der(bitString, Buffer.from([0]), sign('sha256', toSign, privateKey))
  const certificate = der(sequence, toSign, ecdsaWithSha256, signature)
  const lines = certificate.toString('base64').match(/.{1,64}/g) ?? []
  return {
    certificate: ['-----BEGIN CERTIFICATE-----', ...lines, '-----END CERTIFICATE-----', ''].join('\n'),
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
  }
}

function der(tag: number, ...parts: Buffer[]): Buffer {
  const content = Buffer.concat(parts)
  const { length } = content
  const size = length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff]
  return Buffer.concat([Buffer.from([tag, ...size]), content])
}

function oid([first = 0, second = 0, ...rest]: number[]): Buffer {
  const octets = [first * 40 + second]
  for (const part of rest) {
    const groups = [part & 0x7f]
    for (let left = part >>> 7; left > 0; left >>>= 7) groups.unshift((left & 0x7f) | 0x80)
    octets.push(...groups)
  }
  return der(0x06, Buffer.from(octets))
}

function time(milliseconds: number): Buffer {
  const text = new Date(milliseconds).toISOString().replace(/[-:T]|\.\d+/g, '')
  return der(generalizedTime, Buffer.from(text))
}
