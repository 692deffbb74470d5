// Values as people read them, in the language of the page.

/** '20260318' → '18 Mar 2026'; undefined when it is no date. */
export function formatDate(date: string | null, language: string): string | undefined {
  const match = /^(\d{4})(\d{2})(\d{2})$/.exec(date ?? '')
  if (!match) return undefined
  const day = new Date(Date.UTC(Number(match[1]), Number(match[2]) - 1, Number(match[3])))
  return dateFormat(language, { timeZone: 'UTC', day: '2-digit', month: 'short', year: 'numeric' }).format(day)
}

/** '2026-03-18' of a date field → '20260318'. */
export const toDicomDate = (value: string): string | undefined =>
  /^\d{4}-\d{2}-\d{2}$/.test(value) ? value.replaceAll('-', '') : undefined

/** '20260318' → '2026-03-18' for a date field. */
export const toFieldDate = (date: string | undefined): string =>
  date === undefined ? '' : `${date.slice(0, 4)}-${date.slice(4, 6)}-${date.slice(6)}`

/** '142530.5' → '14:25'; undefined when it is no time. */
export function formatTime(time: string | null): string | undefined {
  const match = /^(\d{2})(\d{2})/.exec(time ?? '')
  return match ? `${match[1]}:${match[2]}` : undefined
}

/** An instant of the server in this device's time zone. */
export function formatInstant(iso: string, language: string): string {
  const instant = new Date(iso)
  if (Number.isNaN(instant.getTime())) return iso
  return dateFormat(language, {
    day: '2-digit',
    month: 'short',
    year: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hourCycle: 'h23',
  }).format(instant)
}

const byteUnits = ['B', 'kB', 'MB', 'GB', 'TB', 'PB']

/** 1536000 → '1.5 MB': powers of 1000, three digits. */
export function formatBytes(bytes: number, language: string): string {
  let value = bytes
  let unit = 0
  // 999.6 would be written as 1000.
  while (value >= 999.5 && unit < byteUnits.length - 1) {
    value /= 1000
    unit += 1
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1
  return `${numberFormat(language, digits).format(value)} ${byteUnits[unit]}`
}

export function formatCount(count: number, language: string): string {
  return numberFormat(language, 0).format(count)
}

/** 75 → '1 min 15 s', 4000 → '1 h 7 min': two units at most. */
export function formatDuration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  if (whole < 60) return `${whole} s`
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${whole % 60} s`
  return `${Math.floor(whole / 3600)} h ${Math.floor((whole % 3600) / 60)} min`
}

// Making a format costs far more than using it, and a table uses it for every row.
const dateFormats = new Map<string, Intl.DateTimeFormat>()
function dateFormat(language: string, options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
  const key = `${language} ${options.hour ?? ''}`
  let format = dateFormats.get(key)
  if (!format) dateFormats.set(key, (format = new Intl.DateTimeFormat(language === 'en' ? 'en-GB' : language, options)))
  return format
}

const numberFormats = new Map<string, Intl.NumberFormat>()
function numberFormat(language: string, digits: number): Intl.NumberFormat {
  const key = `${language} ${digits}`
  let format = numberFormats.get(key)
  if (!format) {
    format = new Intl.NumberFormat(language, { minimumFractionDigits: digits, maximumFractionDigits: digits })
    numberFormats.set(key, format)
  }
  return format
}

/** 0.4567 → '46 %', and no hundred before it is whole. */
export function formatPercent(part: number, language: string): string {
  const percent = part >= 1 ? 100 : Math.min(99, Math.floor(part * 100))
  return `${numberFormat(language, 0).format(percent)} %`
}
