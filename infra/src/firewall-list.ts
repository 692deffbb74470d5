import { readFileSync } from 'node:fs'
import { z } from 'zod'

const names = z.strictObject({ name: z.string().regex(/^[A-Za-z][A-Za-z0-9-]*$/), why: z.string().min(10) })
const match = z.enum(['StartsWith', 'Contains', 'Equals'])

const listSchema = z.strictObject({
  managedRules: z.array(
    z.strictObject({
      type: z.enum(['Microsoft_DefaultRuleSet', 'Microsoft_BotManagerRuleSet']),
      version: z.string(),
      action: z.enum(['Block']).optional(),
    }),
  ),
  /** Rules that do not count at some addresses. */
  exceptions: z.array(
    names.extend({
      match,
      paths: z.array(z.string().startsWith('/')).min(1),
      group: z.string(),
      rules: z.array(z.string()).min(1, 'a whole group is too much: name its rules'),
      /** For rules that the managed set does not have. */
      only: z.literal('rehearsal').optional(),
    }),
  ),
  /** Parts of a request that some rules do not look at. */
  exclusions: z.array(
    names.extend({
      variable: z.enum(['RequestCookieNames', 'RequestHeaderNames', 'QueryStringArgNames', 'RequestBodyJsonArgNames']),
      operator: z.enum(['Equals', 'StartsWith', 'Contains']),
      selector: z.string().min(1),
      group: z.string().nullable(),
      rules: z.array(z.string()),
    }),
  ),
  rateLimits: z.array(
    names.extend({ match, paths: z.array(z.string().startsWith('/')).min(1), perMinute: z.number().int().min(10) }),
  ),
})

export type FirewallList = z.output<typeof listSchema>

/** The one list of what the firewall lets through; the rehearsal with ModSecurity reads the same file. */
export const firewallList: FirewallList = listSchema.parse(
  JSON.parse(readFileSync(new URL('../waf.json', import.meta.url), 'utf8')),
)
