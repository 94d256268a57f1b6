# The plan: every change that a run makes to a registry, in order. Steps of one wave go together; a wave begins when all
# steps of the one before have succeeded. Arguments: action, repository, tag, release, latest, prune; arches, a list;
# ids, what is pushed for each.

def push: {step: "push", arch: ., image: $ids[.], to: "\($repository):\($tag)-\(.)"};
def alone: {step: "push-image", arch: ., image: $ids[.], to: "\($repository):\($tag)"};
def index: {step: "index", of: $arches, to: "\($repository):\($tag)"};
def untag: {step: "untag", to: "\($repository):\($tag)-\(.)"};

# The last change, and only a release's.
def latest: {step: "latest", from: "\($repository):\($tag)", to: "\($repository):latest"};

{
    push: [[$arches[] | push]],
    index: [[index], [if $prune then $arches[] | untag else empty end]],
    publish: [[$arches[] | push], [index], [if $prune then $arches[] | untag else empty end]],
    "push-image": [[$arches[] | alone]]
}[$action]
+ [[if $action != "push" and $release and $latest then latest else empty end]]
| map(select(length > 0))
| {
    schema: 1,
    repository: $repository,
    tag: $tag,
    release: $release,
    steps: [to_entries[] | (.key + 1) as $wave | .value[] | {wave: $wave} + .]
}
