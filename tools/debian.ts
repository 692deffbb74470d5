// Programs of Debian that tests need beside Node: found, or brought by apt-get where this process is root. None of them starts
// by itself, now or when the machine starts again.
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs'

export interface DebianProgram {
  what: string
  packages: readonly string[]
  /** All of them are there when it is installed. */
  files: readonly string[]
  /** Services that the packages would start. */
  services?: readonly string[]
  /** Part of the path of whatever needs it. */
  usedBy?: string
}

export const debianPrograms = {
  chromium: { what: 'Chromium', packages: ['chromium'], files: ['/usr/bin/chromium'] },
  containers: {
    what: 'buildah with debootstrap',
    packages: ['buildah', 'debootstrap'],
    files: ['/usr/bin/buildah', '/usr/sbin/debootstrap'],
    usedBy: 'prove/images.',
  },
  media: {
    what: 'unzip and dcmtk',
    packages: ['unzip', 'dcmtk'],
    files: ['/usr/bin/unzip', '/usr/bin/dcmdump'],
    usedBy: 'src/download/',
  },
  imageTools: {
    what: 'libtiff with dcmtk and dicom3tools',
    packages: ['libtiff-tools', 'dcmtk', 'dicom3tools'],
    files: ['/usr/bin/tiffcp', '/usr/bin/dcmdump', '/usr/bin/dciodvfy'],
    usedBy: 'prove/conversion.',
  },
  firewall: {
    what: 'nginx with ModSecurity and the core rule set',
    packages: ['nginx', 'libnginx-mod-http-modsecurity', 'modsecurity-crs'],
    files: [
      '/usr/sbin/nginx',
      '/usr/lib/nginx/modules/ngx_http_modsecurity_module.so',
      '/etc/modsecurity/crs/crs-setup.conf',
      '/usr/share/modsecurity-crs/rules',
    ],
    services: ['nginx'],
    usedBy: 'prove/front-door.',
  },
  peers: {
    what: 'dcmtk with GDCM and OpenJPEG',
    packages: ['dcmtk', 'libgdcm-tools', 'libopenjp2-tools'],
    files: ['/usr/bin/dcmconv', '/usr/bin/dcm2pnm', '/usr/bin/gdcmconv', '/usr/bin/opj_decompress'],
    usedBy: 'prove/peers.',
  },
  dicomwebPeers: {
    what: 'Orthanc with its DICOMweb plugin, and dcmtk',
    packages: ['orthanc', 'orthanc-dicomweb', 'dcmtk'],
    files: [
      '/usr/sbin/Orthanc',
      '/usr/share/orthanc/plugins/libOrthancDicomWeb.so',
      '/usr/bin/dcm2json',
      '/usr/bin/dcmcjpls',
    ],
    services: ['orthanc'],
    usedBy: 'prove/peers-dicomweb.',
  },
} as const satisfies Record<string, DebianProgram>

const policyFile = '/usr/sbin/policy-rc.d'
const policy =
  '#!/bin/sh\n# Of the tests of instaNDT, while they install packages: no service starts. Safe to remove.\nexit 101\n'

const isMissing = ({ files }: DebianProgram): boolean => !files.every((file) => existsSync(file))

/** What keeps this process from installing anything, or nothing. */
function whyNoInstallation(): string | undefined {
  if (process.getuid?.() !== 0) return 'only root may install it'
  if (!existsSync('/usr/bin/apt-get')) return 'there is no apt-get to bring it'
  return undefined
}

/** Why the program cannot be used here, or nothing. */
export function whyMissing(program: DebianProgram): string | undefined {
  if (!isMissing(program)) return undefined
  const why = whyNoInstallation() ?? 'apt-get did not bring it'
  return `${program.what} is not installed, and ${why} (Debian: apt-get install ${program.packages.join(' ')})`
}

/** Installs what is missing where that is possible; whether it came is asked of `whyMissing`. */
export function bring(...programs: DebianProgram[]): void {
  const missing = programs.filter(isMissing)
  if (missing.length === 0 || whyNoInstallation() !== undefined) return
  process.stderr.write(`installing Debian's packages: ${missing.map(({ what }) => what).join(', ')} …\n`)
  withoutServices(() => {
    apt('update')
    apt('install', '-y', ...missing.flatMap(({ packages }) => packages))
    // Their packages also say that they start with the machine.
    if (existsSync('/run/systemd/system'))
      for (const service of missing.flatMap(({ services = [] }) => services))
        spawnSync('systemctl', ['disable', '--quiet', service], { stdio: 'ignore' })
  })
}

/** The same for whatever these files need. Before they run, and in one process: two installations get into each other's way. */
export const bringFor = (files: readonly string[]): void =>
  bring(
    ...Object.values<DebianProgram>(debianPrograms).filter(
      ({ usedBy }) => usedBy !== undefined && files.some((file) => file.includes(usedBy)),
    ),
  )

function apt(...args: string[]): void {
  const options = ['-qq', '-o', 'DPkg::Lock::Timeout=120', '-o', 'Acquire::Retries=2']
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' }
  const { status, stderr } = spawnSync('apt-get', [...options, ...args], { stdio: ['ignore', 'ignore', 'pipe'], env })
  if (status !== 0) process.stderr.write(`apt-get ${args.join(' ')}: ${stderr.toString()}\n`)
}

/** Debian asks this file before a package starts its service. One that is there already is its owner's: it has to say no too. */
function withoutServices(install: () => void): void {
  const isTheirs = existsSync(policyFile) && readFileSync(policyFile, 'utf8') !== policy
  if (isTheirs && spawnSync(policyFile, ['nginx', 'start'], { stdio: 'ignore' }).status !== 101) {
    process.stderr.write(`nothing is installed: ${policyFile} of this machine lets services start\n`)
    return
  }
  if (!isTheirs) writeFileSync(policyFile, policy, { mode: 0o755 })
  try {
    install()
  } finally {
    if (!isTheirs) rmSync(policyFile, { force: true })
  }
}
