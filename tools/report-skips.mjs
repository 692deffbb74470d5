// Second reporter of `npm test`: says at the end what was not run, and why.
export default async function* reportSkips(source) {
  const skipped = []
  let failed = 0
  let passed = 0
  for await (const event of source) {
    if (event.type !== 'test:pass' && event.type !== 'test:fail') continue
    if (event.data.details?.type === 'suite') continue
    if (event.type === 'test:fail') failed += 1
    else if (event.data.skip !== undefined) {
      skipped.push(`  ${event.data.name}: ${event.data.skip === true ? 'no reason given' : event.data.skip}`)
    } else passed += 1
  }
  if (skipped.length > 0) yield `\nNot run (${skipped.length}):\n${skipped.join('\n')}\n`
  yield `\n${passed} passed, ${failed} failed, ${skipped.length} skipped\n`
}
