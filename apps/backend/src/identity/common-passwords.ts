import { dictionary } from '@zxcvbn-ts/language-common'

let known: Set<string> | undefined

/** Some 49,000 passwords that lists of break-ins hold most often; shipped with the program, asked of nobody. */
function commonPasswords(): Set<string> {
  known ??= new Set(dictionary['passwords-common'])
  return known
}

const substitutes: Record<string, string> = {
  '0': 'o',
  '1': 'i',
  '3': 'e',
  '4': 'a',
  '5': 's',
  '7': 't',
  '@': 'a',
  $: 's',
}

/** Whether a password is one of the list, also doubled, decorated with digits and signs, or spelt with them. */
export function isCommonPassword(password: string): boolean {
  const list = commonPasswords()
  const lower = password.toLowerCase()
  const bare = lower.replace(/^[^a-z]+|[^a-z]+$/g, '')
  const spelt = lower.replace(/[013457@$]/g, (sign) => substitutes[sign] ?? sign)
  const forms = [lower, bare, spelt, spelt.replace(/^[^a-z]+|[^a-z]+$/g, ''), lower.replace(/[^a-z0-9]/g, '')]
  return forms.some((form) => list.has(form) || list.has(unrepeated(form)))
}

/** `abcabcabc` → `abc`; text that repeats nothing stays. */
function unrepeated(text: string): string {
  const at = (text + text).indexOf(text, 1)
  return at > 0 && at < text.length ? text.slice(0, at) : text
}
