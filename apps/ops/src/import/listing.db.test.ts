// Searches that end before everything was listed: the report says so, and no run of such an import ends with 0.
import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import { uidOf } from '@instandt/testkit/files'
import { importGiven, objectOf } from './import.fixture.ts'
import { type Peer, type PeerObject, type PeerOptions, startPeer } from './peer.fixture.ts'

const given = importGiven()

/** Ten to an inspection in two series, unless all lie in one. */
const objectsOf = (seed: string, count: number, isOneSeries = false): PeerObject[] =>
  Array.from({ length: count }, (_, number) => {
    const at = isOneSeries ? 0 : number
    const [study, series] = [uidOf(seed, 'study', Math.floor(at / 10)), uidOf(seed, 'series', Math.floor(at / 5))]
    const bytes = objectOf(seed, number, { studyInstanceUid: study, seriesInstanceUid: series })
    return { study, series, instance: uidOf(seed, number), bytes }
  })

async function withPeer(options: PeerOptions, work: (peer: Peer, args: string[]) => Promise<void>): Promise<void> {
  const peer = await startPeer(options)
  try {
    await work(peer, [peer.base, '--to', given.backend.url])
  } finally {
    await peer.stop()
  }
}

const answerStudies = (answer: ServerResponse, uids: readonly string[], headers: Record<string, string> = {}): true => {
  const results = uids.map((uid) => ({ '0020000D': { vr: 'UI', Value: [uid] } }))
  answer.writeHead(200, { 'content-type': 'application/dicom+json', ...headers }).end(JSON.stringify(results))
  return true
}

test('a source that honours limit and knows no offset: more studies than a page are no whole archive', async () => {
  const objects = Array.from({ length: 621 }, (_, number) => {
    const bytes = new Uint8Array(0)
    const instance = uidOf('studies', number)
    return { study: uidOf('studies', 'study', number), series: uidOf('studies', 'series', number), instance, bytes }
  })
  const search: PeerOptions['search'] = (level, query, answer) => {
    if (level !== 'studies') return false
    const page = objects.slice(0, Number(query.get('limit')))
    return answerStudies(
      answer,
      page.map(({ study }) => study),
    )
  }
  await withPeer({ objects, page: 1000, search, states: true }, async (peer, args) => {
    const first = await given.workshop.run([...args, '--dry-run'])
    assert.equal(first.code, 1, first.err)
    assert.deepEqual([first.summary.isComplete, first.summary.unlisted, first.summary.files.failed], [false, 1, 1])
    const line = first.line('/rs/')
    assert.deepEqual([line.file, line.result], [`${peer.base}/`, 'failed'])
    assert.match(line.reason ?? '', /^the source gives no further pages: the same 500 results come again$/)
    assert.equal(first.summary.files.pending, 500, 'what was listed is there')
  })
})

test('more instances than a page in one series: brought in as far as they are listed, and never confirmed as whole', async () => {
  await withPeer({ objects: objectsOf('one series', 510, true), page: 1000, knowsOffset: false }, async (_, args) => {
    for (const more of [[], ['--verify'], []]) {
      const { code, summary, lines } = await given.workshop.run([...args, ...more])
      assert.deepEqual([code, summary.files.stored, summary.files.failed, summary.isComplete], [1, 500, 1, false])
      if (more.length > 0) assert.deepEqual(summary.verified, { confirmed: 500, faults: 0 })
      const failed = lines.filter(({ result }) => result === 'failed')
      assert.match(failed[0]?.file ?? '', /\/series\/2\.25\.\d+\/$/)
      assert.match(failed[0]?.reason ?? '', /the same 500 results come again/)
    }
  })
})

test('a full page is the whole series where the source states so', async () => {
  const objects = objectsOf('stated', 500, true)
  await withPeer({ objects, page: 1000, knowsOffset: false, states: true }, async (_, args) => {
    const { code, summary } = await given.workshop.run([...args, '--dry-run'])
    assert.deepEqual([code, summary.files.pending, summary.isComplete], [0, 500, true])
  })
})

test('a Warning that results are held back counts when no further page brings them, and at no other time', async () => {
  const objects = objectsOf('warned', 40)
  const studies = [...new Set(objects.map(({ study }) => study))]
  let page = 3
  let warning = '299 peer "There are 1 additional results that can be requested"'
  let last = 3
  const search: PeerOptions['search'] = (level, query, answer) => {
    if (level !== 'studies') return false
    const offset = Number(query.get('offset'))
    const uids = studies.slice(offset, Math.min(offset + page, last))
    return answerStudies(answer, uids, offset + uids.length < studies.length ? { warning } : {})
  }
  await withPeer({ objects, page: 1000, search }, async (_, args) => {
    const held = await given.workshop.run([...args, '--dry-run'])
    assert.deepEqual([held.code, held.summary.files.pending, held.summary.isComplete], [1, 30, false], held.err)
    assert.match(held.line('/rs/').reason ?? '', /no further pages, and says: 299 peer "There are 1 additional/)
    // Other words, the same matter; then pages to the end; then a warning of something else.
    warning = '299 - "The number of results exceeded the maximum supported by the server."'
    assert.equal((await given.workshop.run([...args, '--dry-run'])).code, 1)
    last = 4
    page = 2
    const paged = await given.workshop.run([...args, '--dry-run'])
    assert.deepEqual([paged.code, paged.summary.files.pending, paged.summary.isComplete], [0, 40, true], paged.err)
    last = 3
    warning = '299 - "The fuzzymatching parameter is not supported."'
    assert.equal((await given.workshop.run([...args, '--dry-run'])).code, 0)
  })
})

test('empty and short pages in the middle end no search', async () => {
  const objects = objectsOf('gaps', 40)
  const studies = [...new Set(objects.map(({ study }) => study))]
  for (const isNoContent of [true, false]) {
    // A server that counts what one may not see: two at the beginning, two behind five hundred others.
    const rows = [...studies.slice(0, 2), ...Array<undefined>(500).fill(undefined), ...studies.slice(2)]
    const search: PeerOptions['search'] = (level, query, answer) => {
      if (level !== 'studies') return false
      const offset = Number(query.get('offset'))
      const uids = rows.slice(offset, offset + Number(query.get('limit'))).filter((uid) => uid !== undefined)
      if (uids.length > 0 || !isNoContent) return answerStudies(answer, uids)
      answer.writeHead(204).end()
      return true
    }
    await withPeer({ objects, page: 1000, search }, async (_, args) => {
      const report = `${given.workshop.report.replace('.jsonl', '')}-${isNoContent}.jsonl`
      const { code, summary, err } = await given.workshop.run([...args, '--dry-run', '--report', report])
      assert.deepEqual([code, summary.files.pending], [0, 40], err)
    })
  }
})

test('fewer than stated, nothing at all, or no such study: a line of the report each', async () => {
  const objects = objectsOf('fewer', 30)
  let misanswer: PeerOptions['search']
  const search: PeerOptions['search'] = (...asked) => misanswer?.(...asked) ?? false
  await withPeer({ objects, page: 1000, states: true, search }, async (_, args) => {
    const run = async (): Promise<[number, number, boolean, string[]]> => {
      const { code, summary, lines } = await given.workshop.run(args)
      const reasons = lines.filter(({ result }) => result === 'failed').map(({ reason }) => reason ?? '')
      return [code, summary.unlisted, summary.isComplete, [...new Set(reasons)]]
    }
    misanswer = (level, _query, answer) => {
      if (level === 'series') answer.writeHead(404).end()
      return level === 'series'
    }
    assert.deepEqual(await run(), [1, 3, false, ['the source answers 404']])
    misanswer = (level, _query, answer) => {
      if (level === 'instances') answer.writeHead(204).end()
      return level === 'instances'
    }
    // What was noted of the studies is gone, since they are listed now.
    assert.deepEqual(await run(), [1, 6, false, ['the source lists 0 of the 5 instances it states']])
    misanswer = (level, _query, answer) => {
      const results = [{ '00080018': { vr: 'UI', Value: [objects[0]?.instance] } }]
      if (level === 'instances') answer.end(JSON.stringify(results))
      return level === 'instances'
    }
    const [code, unlisted, , reasons] = await run()
    assert.deepEqual([code, unlisted], [1, 6])
    assert.ok(reasons.includes('the source lists 1 of the 5 instances it states'))
  })
})

test('a series that is named and holds nothing is told, though the source states no number', async () => {
  const search: PeerOptions['search'] = (level, _query, answer) => {
    if (level === 'instances') answer.end('[]')
    return level === 'instances'
  }
  await withPeer({ objects: objectsOf('nothing', 10), page: 1000, search }, async (_, args) => {
    const { code, summary, lines } = await given.workshop.run(args)
    assert.deepEqual([code, summary.unlisted, summary.isComplete], [1, 2, false])
    assert.equal(lines[0]?.reason, 'the source lists no instances here')
  })
})

test('what a run could not list stays a fault until a run lists it, through a run that ended in between', async () => {
  const objects = objectsOf('in between', 30)
  let searches = 0
  let statuses: (number | undefined)[] = []
  const search: PeerOptions['search'] = (level, query, answer) => {
    if (level !== 'series' || query.get('offset') !== '0') return false
    const status = statuses[searches++]
    if (status !== undefined) answer.writeHead(status).end()
    return status !== undefined
  }
  await withPeer({ objects, page: 1000, states: true, search }, async (_, args) => {
    const run = async (answers: (number | undefined)[]): Promise<[number, number, number]> => {
      searches = 0
      statuses = answers
      const { code, summary } = await given.workshop.run(args)
      return [code, summary.unlisted, summary.files.stored]
    }
    assert.deepEqual(await run([404]), [1, 1, 20])
    // The first study fails once more, then the source wants another authorization.
    assert.deepEqual(await run([404, 401]), [3, 1, 20])
    // It goes on behind the first one.
    assert.deepEqual(await run([]), [1, 1, 20])
    assert.deepEqual(await run([]), [0, 0, 30])
  })
})

test('what has no right UID is named and hides nothing: not behind it, not on the first page; padding is none of it', async () => {
  const objects = objectsOf('nameless', 70)
  const studies = [...new Set(objects.map(({ study }) => study))]
  let bad: string[] = ['1.2.840.1..5', '']
  // Pages of three; the padding of the first one is left in, the wrong ones stand second and fourth.
  const search: PeerOptions['search'] = (level, query, answer) => {
    if (level !== 'studies') return false
    const offset = Number(query.get('offset'))
    const [first = '', second = '', ...others] = studies
    const rows = [`${first} `, ...bad.slice(0, 1), `${second}\0`, ...bad.slice(1), ...others]
    return answerStudies(answer, rows.slice(offset, offset + 3))
  }
  await withPeer({ objects, page: 1000, search }, async (peer, args) => {
    const first = await given.workshop.run(args)
    const { files, unlisted } = first.summary
    assert.deepEqual([first.code, files.stored, files.failed, unlisted], [1, 70, 1, 1], first.err)
    const line = first.line('/rs/')
    assert.equal(line.file, `${peer.base}/`)
    assert.match(line.reason ?? '', /^2 of the studies cannot be asked for, .*: '1\.2\.840\.1\.\.5', 'no\. 1'$/)
    bad = []
    const again = await given.workshop.run(args)
    assert.deepEqual([again.code, again.summary.files.failed, again.summary.unlisted], [0, 0, 0], 'it was put right')
  })
})

test('one study and one object that end every question in between are left out; everything else comes in', async () => {
  const objects = objectsOf('one study', 40)
  const [bad, broken] = [objects[0]?.study ?? '', objects[11]?.instance ?? '']
  const search: PeerOptions['search'] = (level, _query, answer, at) => {
    if (level === 'series' && at.study === bad) answer.writeHead(504).end('gateway time-out')
    return level === 'series' && at.study === bad
  }
  const misbehave: PeerOptions['misbehave'] = (instance, _times, answer) => {
    if (instance === broken) answer.destroy()
    return instance === broken
  }
  await withPeer({ objects, page: 1000, search, misbehave }, async (_, args) => {
    // Less patience than the tries of either take.
    const outcome = await given.workshop.run([...args, '--wait', '0.1'])
    const { files, unlisted } = outcome.summary
    assert.deepEqual([outcome.code, files.stored, files.failed, unlisted], [1, 29, 2, 1], outcome.err)
    assert.equal(outcome.line(`/studies/${bad}/`).reason, 'the source answers 504: gateway time-out')
    assert.match(outcome.line(broken).reason ?? '', /^the source: /)
  })
})

test('a source that refuses a limit beyond its own is asked for less, and what it lists is told by that', async () => {
  const objects = [...objectsOf('limit', 230, true), ...objectsOf('limit too', 20)]
  const limits = new Set<string | null>()
  let knowsOffset = true
  const search: PeerOptions['search'] = (level, query, answer) => {
    limits.add(query.get('limit'))
    const isTooMuch = Number(query.get('limit')) > 200
    if (isTooMuch) answer.writeHead(400).end('limit must be in the range of 1 to 200')
    if (isTooMuch || knowsOffset || level !== 'instances') return isTooMuch
    const results = objects.slice(0, 200).map(({ instance }) => ({ '00080018': { vr: 'UI', Value: [instance] } }))
    answer.end(JSON.stringify(results))
    return true
  }
  await withPeer({ objects, page: 1000, search }, async (_, args) => {
    const { code, summary, err } = await given.workshop.run(args)
    assert.deepEqual([code, summary.files.stored, summary.isComplete], [0, 250, true], err)
    assert.deepEqual([...limits], ['500', '200'])
    knowsOffset = false
    const held = await given.workshop.run([...args, '--dry-run'])
    assert.equal(held.code, 1)
    assert.match(held.lines.find(({ result }) => result === 'failed')?.reason ?? '', /the same 200 results come again/)
  })
})

test('a source that refuses every search is told as such, with its words', async () => {
  const search: PeerOptions['search'] = (_level, _query, answer) => {
    answer.writeHead(400).end('no searches here')
    return true
  }
  await withPeer({ objects: objectsOf('refuses', 10), page: 1000, search }, async (_, args) => {
    const { code, err } = await given.workshop.run(args)
    assert.equal(code, 3)
    assert.match(err, /\/studies cannot be searched: the source answers 400: no searches here/)
  })
})
