import { Button, type ButtonProps } from "@mantine/core";
import { createLink } from "@tanstack/react-router";
import { type AnchorHTMLAttributes, forwardRef } from "react";

type Anchor = Omit<AnchorHTMLAttributes<HTMLAnchorElement>, keyof ButtonProps> & ButtonProps;

const ButtonAnchor = forwardRef<HTMLAnchorElement, Anchor>((props, ref) => (
  <Button ref={ref} component="a" {...props} />
));

/** A link to a place of the console that looks like a button. */
export const ButtonLink = createLink(ButtonAnchor);
