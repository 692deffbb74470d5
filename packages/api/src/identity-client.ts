import type { z } from 'zod'
import {
  invitationListSchema,
  type LinkCreated,
  linkCreatedSchema,
  type MemberList,
  memberListSchema,
  type NewInvitation,
  type NewProject,
  type NewToken,
  type Project,
  projectListSchema,
  projectSchema,
  type Invitation,
  type Token,
  type TokenCreated,
  tokenCreatedSchema,
  tokenListSchema,
  type User,
  type UserChange,
  userListSchema,
  userSchema,
} from './administration.ts'
import { type AuditPage, auditPageSchema, type AuditQuery } from './audit.ts'
import type { ProjectRole } from './permissions.ts'
import {
  type AcceptInvitation,
  type LinkAnswer,
  linkAnswerSchema,
  type Profile,
  type ProfileChange,
  profileSchema,
  type RecoveryCodes,
  recoveryCodesSchema,
  type SecondFactorStart,
  secondFactorStartSchema,
  type Setup,
  type SignInAnswer,
  signInAnswerSchema,
  type SignInOptions,
  signInOptionsSchema,
  type SignOutAnswer,
  signOutAnswerSchema,
} from './sign-in.ts'

export interface SendOptions {
  /** Sent as JSON. */
  body?: object | undefined
  /** Sent as they are. */
  bytes?: { body: Uint8Array<ArrayBuffer>; headers: Record<string, string> } | undefined
  signal?: AbortSignal | undefined
}

/** Sends one request; a schema makes the answer its value, null expects an answer without content. */
export type Send = <Schema extends z.ZodType | null>(
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  url: string,
  schema: Schema,
  options?: SendOptions,
) => Promise<Schema extends z.ZodType ? z.output<Schema> : void>

type AuditFilter = Partial<Omit<AuditQuery, 'limit'>> & { limit?: number }

export interface IdentityClient {
  getSignInOptions(signal?: AbortSignal): Promise<SignInOptions>
  setUp(setup: Setup): Promise<SignInAnswer>
  signIn(email: string, password: string): Promise<SignInAnswer>
  enterSecondFactor(code: string): Promise<SignInAnswer>
  signOut(): Promise<SignOutAnswer>
  lookAtLink(token: string, signal?: AbortSignal): Promise<LinkAnswer>
  acceptInvitation(acceptance: AcceptInvitation): Promise<SignInAnswer>
  requestPasswordReset(email: string): Promise<void>
  resetPassword(token: string, password: string): Promise<void>

  getProfile(signal?: AbortSignal): Promise<Profile>
  changeProfile(change: ProfileChange): Promise<void>
  changePassword(current: string, next: string): Promise<void>
  startSecondFactor(password: string): Promise<SecondFactorStart>
  confirmSecondFactor(code: string): Promise<RecoveryCodes>
  removeSecondFactor(password: string): Promise<void>
  endSession(id: string): Promise<void>
  listOwnTokens(signal?: AbortSignal): Promise<{ items: Token[] }>
  createOwnToken(token: NewToken): Promise<TokenCreated>
  revokeOwnToken(id: string): Promise<void>

  listUsers(signal?: AbortSignal): Promise<{ items: User[] }>
  changeUser(id: string, change: UserChange): Promise<User>
  createPasswordReset(id: string): Promise<LinkCreated>
  removeSecondFactorOf(id: string): Promise<void>
  endSessionsOf(id: string): Promise<void>
  listInvitations(signal?: AbortSignal): Promise<{ items: Invitation[] }>
  invite(invitation: NewInvitation): Promise<LinkCreated>
  withdrawInvitation(id: string): Promise<void>
  listProjects(signal?: AbortSignal): Promise<{ items: Project[] }>
  createProject(project: NewProject): Promise<Project>
  renameProject(slug: string, name: string): Promise<Project>
  listMembers(slug: string, signal?: AbortSignal): Promise<MemberList>
  setMember(slug: string, userId: string, role: ProjectRole): Promise<void>
  removeMember(slug: string, userId: string): Promise<void>
  listTokens(signal?: AbortSignal): Promise<{ items: Token[] }>
  createToken(token: NewToken): Promise<TokenCreated>
  revokeToken(id: string): Promise<void>
  searchAudit(query: AuditFilter, signal?: AbortSignal): Promise<AuditPage>
}

/** Addresses of sign-in, profile and administration. */
export function identityClient(
  send: Send,
  queryString: (query: Record<string, string | number | undefined>) => string,
): IdentityClient {
  const part = encodeURIComponent
  return {
    getSignInOptions: (signal) => send('GET', '/api/sign-in/options', signInOptionsSchema, { signal }),
    setUp: (body) => send('POST', '/api/setup', signInAnswerSchema, { body }),
    signIn: (email, password) => send('POST', '/api/sign-in', signInAnswerSchema, { body: { email, password } }),
    enterSecondFactor: (code) => send('POST', '/api/sign-in/second-factor', signInAnswerSchema, { body: { code } }),
    signOut: () => send('POST', '/api/sign-out', signOutAnswerSchema),
    lookAtLink: (token, signal) => send('POST', '/api/links/look', linkAnswerSchema, { body: { token }, signal }),
    acceptInvitation: (body) => send('POST', '/api/links/accept-invitation', signInAnswerSchema, { body }),
    requestPasswordReset: (email) => send('POST', '/api/links/request-reset', null, { body: { email } }),
    resetPassword: (token, password) => send('POST', '/api/links/reset-password', null, { body: { token, password } }),

    getProfile: (signal) => send('GET', '/api/profile', profileSchema, { signal }),
    changeProfile: (body) => send('PATCH', '/api/profile', null, { body }),
    changePassword: (current, next) => send('POST', '/api/profile/password', null, { body: { current, next } }),
    startSecondFactor: (password) =>
      send('POST', '/api/profile/second-factor', secondFactorStartSchema, { body: { password } }),
    confirmSecondFactor: (code) =>
      send('POST', '/api/profile/second-factor/confirm', recoveryCodesSchema, { body: { code } }),
    removeSecondFactor: (password) => send('POST', '/api/profile/second-factor/remove', null, { body: { password } }),
    endSession: (id) => send('DELETE', `/api/profile/sessions/${part(id)}`, null),
    listOwnTokens: (signal) => send('GET', '/api/profile/tokens', tokenListSchema, { signal }),
    createOwnToken: (body) => send('POST', '/api/profile/tokens', tokenCreatedSchema, { body }),
    revokeOwnToken: (id) => send('DELETE', `/api/profile/tokens/${part(id)}`, null),

    listUsers: (signal) => send('GET', '/api/users', userListSchema, { signal }),
    changeUser: (id, body) => send('PATCH', `/api/users/${part(id)}`, userSchema, { body }),
    createPasswordReset: (id) => send('POST', `/api/users/${part(id)}/password-reset`, linkCreatedSchema),
    removeSecondFactorOf: (id) => send('DELETE', `/api/users/${part(id)}/second-factor`, null),
    endSessionsOf: (id) => send('DELETE', `/api/users/${part(id)}/sessions`, null),
    listInvitations: (signal) => send('GET', '/api/invitations', invitationListSchema, { signal }),
    invite: (body) => send('POST', '/api/invitations', linkCreatedSchema, { body }),
    withdrawInvitation: (id) => send('DELETE', `/api/invitations/${part(id)}`, null),
    listProjects: (signal) => send('GET', '/api/projects', projectListSchema, { signal }),
    createProject: (body) => send('POST', '/api/projects', projectSchema, { body }),
    renameProject: (slug, name) => send('PATCH', `/api/projects/${part(slug)}`, projectSchema, { body: { name } }),
    listMembers: (slug, signal) => send('GET', `/api/projects/${part(slug)}/members`, memberListSchema, { signal }),
    setMember: (slug, userId, role) =>
      send('PUT', `/api/projects/${part(slug)}/members/${part(userId)}`, null, { body: { role } }),
    removeMember: (slug, userId) => send('DELETE', `/api/projects/${part(slug)}/members/${part(userId)}`, null),
    listTokens: (signal) => send('GET', '/api/tokens', tokenListSchema, { signal }),
    createToken: (body) => send('POST', '/api/tokens', tokenCreatedSchema, { body }),
    revokeToken: (id) => send('DELETE', `/api/tokens/${part(id)}`, null),
    searchAudit: (query, signal) => send('GET', `/api/audit${queryString({ ...query })}`, auditPageSchema, { signal }),
  }
}
