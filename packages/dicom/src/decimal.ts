/** '+1.500E+02' → sign, digits without zeros at the ends, exponent of the last digit: equal exactly when the values are. */
function decimalKey(text: string): string | undefined {
  const match = /^([+-]?)(\d*)(?:\.(\d*))?(?:[eE]([+-]?\d+))?$/.exec(text)
  const fraction = match?.[3] ?? ''
  if (!match || (match[2] === '' && fraction === '')) return undefined
  const digits = ((match[2] ?? '') + fraction).replace(/^0+/, '')
  let end = digits.length
  while (end > 0 && digits.charCodeAt(end - 1) === 0x30) end -= 1
  if (end === 0) return '0'
  const exponent = Number(match[4] ?? 0) - fraction.length + digits.length - end
  return `${match[1] === '-' ? '-' : ''}${digits.slice(0, end)}e${exponent}`
}

/** The number a decimal string stands for, when a double says exactly the same; otherwise the string (PS3.18 F.2.2). */
export function exactNumber(text: string): number | string {
  const number = Number(text)
  // Whole numbers and short fractions, the common case, come back letter by letter.
  if (String(number) === text) return Number.isFinite(number) ? number : text
  if (!Number.isFinite(number)) return text
  const key = decimalKey(text)
  if (key === undefined || key !== decimalKey(String(number))) return text
  return number === 0 ? 0 : number
}
