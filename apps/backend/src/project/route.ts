import { memberChangeSchema, type MemberList, newProjectSchema, type Project, projectChangeSchema } from '@instandt/api'
import type { FastifyRequest } from 'fastify'
import { userNotFound } from '../data/accounts.ts'
import { createProject, listMembers, listProjects, removeMember, renameProject, setMember } from '../data/projects.ts'
import type { App, Deps } from '../deps.ts'
import { mayInInstallation } from '../plugins/access.ts'
import { readBody, readId } from '../read-input.ts'

/** Projects are the boundary of access; their members are who may pass it. */
export function projectRoutes(app: App, deps: Deps): void {
  const manageMembers = { config: { permission: 'manage-members' } } as const
  const member = (request: FastifyRequest): string => readId((request.params as { user: string }).user, userNotFound)

  app.get('/api/projects', { config: { permission: 'signed-in' } }, async (request): Promise<{ items: Project[] }> => ({
    items: await listProjects(deps.db, request.scope, mayInInstallation(request.caller, 'manage-projects')),
  }))

  app.post('/api/projects', { config: { permission: 'manage-projects' } }, async (request, reply): Promise<Project> => {
    const project = await createProject(deps.db, request.scope, readBody(newProjectSchema, request.body))
    void reply.code(201)
    return project
  })

  app.patch(
    '/api/projects/:project',
    { config: { permission: 'manage-projects' } },
    async (request): Promise<Project> => {
      const { name } = readBody(projectChangeSchema, request.body)
      return renameProject(deps.db, request.scope, name)
    },
  )

  app.get('/api/projects/:project/members', manageMembers, async (request): Promise<MemberList> =>
    listMembers(deps.db, request.scope),
  )

  app.put('/api/projects/:project/members/:user', manageMembers, async (request, reply) => {
    const { role } = readBody(memberChangeSchema, request.body)
    await setMember(deps.db, request.scope, member(request), role)
    return reply.code(204).send()
  })

  app.delete('/api/projects/:project/members/:user', manageMembers, async (request, reply) => {
    await removeMember(deps.db, request.scope, member(request))
    return reply.code(204).send()
  })
}
