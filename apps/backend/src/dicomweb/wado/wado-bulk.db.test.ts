import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { test } from 'node:test'
import type { BulkKind } from '../../data/list-bulk.ts'
import { commonOffers } from './bulk-route.ts'
import { assertProblem, get, nextUid, origin, partsOf, request, store } from './wado-server.fixture.ts'
import { imageLines, type Line, makeFile, syntaxes } from './wado.fixture.ts'

const octets = 'application/octet-stream'
const explicit = `${octets}; transfer-syntax=${syntaxes.explicit}`
let studies = 0

/** A study of its own. */
function place(): { extra: Line[]; study: string; series: string } {
  const study = `1.2.77.${(studies += 1)}`
  const extra: Line[] = [
    ['0020000D', 'UI', study],
    ['0020000E', 'UI', `${study}.1`],
  ]
  return { extra, study: `/studies/${study}`, series: `/studies/${study}/series/${study}.1` }
}

const image = (extra: Line[], pixels: Line | undefined, number: number): Line[] =>
  imageLines({
    uid: nextUid(),
    rows: 4,
    columns: 4,
    bits: 16,
    extra: [...extra, ['00200013', 'IS', String(number)]],
    ...(pixels ? { pixels } : {}),
  })

test('pixel data of a study is one part for each native image and one for each compressed frame, in order', async () => {
  const { extra, study, series } = place()
  const [first, third] = [randomBytes(32), randomBytes(32)]
  const frames = [randomBytes(40), randomBytes(30)]
  const own: Line = ['00091002', 'OW', randomBytes(4000)]
  const maker: Line = ['00090010', 'LO', 'HOUSE']
  const a = await store(makeFile(syntaxes.explicit, image([...extra, maker, own], ['7FE00010', 'OW', first], 1)))
  const compressed = image([...extra, ['00280008', 'IS', '2']], ['7FE00010', 'OB', [Buffer.alloc(0), ...frames]], 2)
  const b = await store(makeFile(syntaxes.jpegLs, compressed))
  const c = await store(makeFile(syntaxes.bigEndian, image(extra, ['7FE00010', 'OW', Buffer.from(third).swap16()], 3)))
  await store(makeFile(syntaxes.explicit, image(extra, undefined, 4)))
  const jls = `${octets}; transfer-syntax=${syntaxes.jpegLs}`
  const at = (path: string): string => `${origin}/dicom-web${path}`
  const pixels = [
    [explicit, at(`${a.path}/bulkdata/7FE00010`), first],
    [jls, at(`${b.path}/frames/1`), frames[0]],
    [jls, at(`${b.path}/frames/2`), frames[1]],
    [explicit, at(`${c.path}/bulkdata/7FE00010`), third],
  ]
  for (const address of [study, series])
    for (const accept of [undefined, `multipart/related; type="${octets}"; transfer-syntax=*`]) {
      const parts = await partsOf(await get(`${address}/pixeldata`, accept))
      assert.deepEqual(
        parts.map(({ type, location, body }) => [type, location, body]),
        pixels,
      )
    }
  const all = await partsOf(await get(`${study}/bulkdata`))
  assert.deepEqual(
    all.map(({ location, body }) => [location, body]),
    [[at(`${a.path}/bulkdata/00091002`), own[2]], ...pixels.map(([, location, body]) => [location, body])],
  )
  // Compressed and plain: no transfer syntax is common to them.
  const named = { accept: `multipart/related; type="${octets}"; transfer-syntax=${syntaxes.jpegLs}` }
  assert.equal((await request(`${study}/pixeldata`, named)).status, 406)
  assert.equal((await request(`${study}/pixeldata`, { accept: 'image/png' })).status, 406)
  assert.equal((await partsOf(await get(`${b.path}/pixeldata`, named.accept))).length, 2)
  assert.equal(
    (await partsOf(await get(`${b.path}/pixeldata`)))[0]?.type,
    `image/jls; transfer-syntax=${syntaxes.jpegLs}`,
  )
})

test('the pixel data of one native image may go by itself; an equal answer has the same name', async () => {
  const { extra } = place()
  const pixels = randomBytes(32)
  const { path } = await store(makeFile(syntaxes.explicit, image(extra, ['7FE00010', 'OW', pixels], 1)))
  const answer = await get(`${path}/pixeldata`, octets)
  assert.equal(answer.headers['content-type'], explicit)
  assert.equal(answer.headers['content-location'], `${origin}/dicom-web${path}/bulkdata/7FE00010`)
  assert.ok(answer.body.equals(pixels))
  const again = { accept: octets, 'if-none-match': String(answer.headers['etag']) }
  assert.equal((await request(`${path}/pixeldata`, again)).status, 304)
  assert.equal((await request(`${path}/pixeldata`, { accept: octets }, 'HEAD')).headers['content-length'], '32')
})

test('where there is no such value the answer is 404 and says which', async () => {
  const { extra, study, series } = place()
  const { path } = await store(makeFile(syntaxes.explicit, image(extra, undefined, 1)))
  for (const address of [study, series, path]) {
    await assertProblem(`${address}/pixeldata`, 404, 'pixel-data-missing')
    await assertProblem(`${address}/bulkdata`, 404, 'bulkdata-not-found')
  }
  await assertProblem('/studies/1.2.78/pixeldata', 404, 'instance-not-found')
  await assertProblem('/studies/1.2.78/bulkdata', 404, 'instance-not-found')
})

test('values of several kinds are offered in what is common to them', () => {
  const native: BulkKind = { syntaxUid: syntaxes.explicit, isEncapsulated: false }
  const compressed = { syntaxUid: syntaxes.jpegLs, isEncapsulated: true }
  const words = (kinds: BulkKind[]): string[] =>
    commonOffers(kinds).map(({ type, transferSyntaxUids }) => `${type} ${transferSyntaxUids?.join()}`)
  assert.deepEqual(words([compressed]), [`image/jls ${syntaxes.jpegLs}`, `${octets} ${syntaxes.jpegLs}`])
  assert.deepEqual(words([native, { ...native, syntaxUid: syntaxes.bigEndian }]), [
    `${octets} ${syntaxes.explicit},${syntaxes.implicit}`,
  ])
  assert.deepEqual(words([compressed, native]), [`${octets} `])
})
