import { Autocomplete, type AutocompleteProps } from "@mantine/core";
import { useNamespaces } from "@timeloom/client/react";
import { Folder } from "lucide-react";

const OFFERED_MAX = 50;
const NAMESPACES_READ = 500;

/** A namespace, with those that are there offered. */
export function NamespaceInput(props: Omit<AutocompleteProps, "data" | "limit">) {
  const namespaces = useNamespaces({ pageSize: NAMESPACES_READ });
  return (
    <Autocomplete
      size="sm"
      maxLength={500}
      leftSection={<Folder size={14} aria-hidden />}
      {...props}
      limit={OFFERED_MAX}
      data={(namespaces.data ?? []).map((each) => each.name)}
    />
  );
}
