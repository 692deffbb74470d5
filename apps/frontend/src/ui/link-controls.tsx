import { ActionIcon, type ActionIconProps, Button, type ButtonProps } from '@mantine/core'
import { createLink } from '@tanstack/react-router'
import type { AnchorHTMLAttributes, Ref } from 'react'

type Anchor = Omit<AnchorHTMLAttributes<HTMLAnchorElement>, 'color' | 'style'> & { ref?: Ref<HTMLAnchorElement> }

// Buttons that lead to a page: real links with typed addresses that look like Mantine's buttons.
export const LinkButton = createLink((props: Omit<ButtonProps, 'component'> & Anchor) => (
  <Button component="a" {...props} />
))

export const LinkIcon = createLink((props: Omit<ActionIconProps, 'component'> & Anchor) => (
  <ActionIcon component="a" {...props} />
))
