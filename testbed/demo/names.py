"""Random names of one run: a team with a service that a rollout breaks, and an innocent rollout elsewhere."""

import random
import secrets
from dataclasses import dataclass, replace

ADJECTIVES = ("amber", "brisk", "calm", "dusky", "early", "fond", "grand", "hazel")
NOUNS = ("basket", "beacon", "cart", "ledger", "parcel", "quote", "ticket", "wallet")


@dataclass(frozen=True)
class Names:
    """All names of one run."""

    namespace: str
    service: str
    good_image: str
    bad_image: str
    innocent_namespace: str
    innocent: str
    innocent_images: tuple[str, str]


def names_around(image: str) -> Names:
    """Make up the names of a run with real pods: what is rolled out over this image is a tag that nobody made."""
    names = random_names()
    missing = f"{image.rsplit(':', 1)[0]}:{names.bad_image.rsplit(':', 1)[1]}"
    return replace(names, good_image=image, bad_image=missing, innocent_images=(image, image))


def random_names() -> Names:
    """Make up the names: no part of the product can know them."""
    service, innocent = (f"{random.choice(ADJECTIVES)}-{noun}" for noun in random.sample(NOUNS, 2))
    minor = random.randint(1, 40)
    tag = secrets.token_hex(3)
    return Names(
        namespace=f"team-{secrets.token_hex(3)}",
        service=service,
        good_image=f"registry.example.com/{service}:2.{minor}.0-{tag}",
        bad_image=f"registry.example.com/{service}:2.{minor + 1}.0-{secrets.token_hex(3)}",
        innocent_namespace=f"team-{secrets.token_hex(3)}",
        innocent=innocent,
        innocent_images=(
            f"registry.example.com/{innocent}:7.{minor}.1-{secrets.token_hex(3)}",
            f"registry.example.com/{innocent}:7.{minor}.2-{secrets.token_hex(3)}",
        ),
    )
