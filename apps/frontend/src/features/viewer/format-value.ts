const formats = new Map<string, Intl.NumberFormat>()

/** A stored or rescaled value: whole numbers in full, others with seven digits, all that 32-bit floats have. */
export function formatValue(value: number, language: string): string {
  if (!Number.isFinite(value)) return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : '−∞'
  const isWhole = Number.isInteger(value)
  const key = `${language} ${isWhole}`
  let format = formats.get(key)
  if (!format) {
    format = new Intl.NumberFormat(language, isWhole ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 7 })
    formats.set(key, format)
  }
  return format.format(value)
}
