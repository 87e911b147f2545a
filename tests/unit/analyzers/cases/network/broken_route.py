"""What is read of specs, and the words that the note makes of it."""

from testbed.fault_cases import Case

SERVICES = "kubectl -n shop get services\n# what Services there are, and their ports"
OF_INGRESS = f"{SERVICES}\nkubectl -n shop describe ingress/pay"
CASES = [
    Case(facts, said, said, remedy, pods=0, about=about)
    for about, facts, said, remedy in (
        (
            "Ingress",
            {"reason": "RouteServiceMissing", "backend": "pay-v2"},
            "Ingress pay leads to Service pay-v2, which does not exist",
            OF_INGRESS,
        ),
        (
            "HTTPRoute",
            {"reason": "RouteServiceMissing", "backend": "pay-v2"},
            "HTTPRoute pay leads to Service pay-v2, which does not exist",
            SERVICES,
        ),
        (
            "Ingress",
            {"reason": "RoutePortMissing", "backend": "pay", "port": "8081", "instead": "80, 443"},
            "Ingress pay leads to port 8081 of Service pay, which has 80, 443",
            OF_INGRESS,
        ),
        (
            "Ingress",
            {"reason": "RouteClassMissing", "backend": "ngnix"},
            "Ingress pay is of class ngnix, which does not exist",
            "kubectl get ingressclasses\n# what classes there are",
        ),
    )
]
