"""Recomputed geometry questions, from coordinates where possible."""

from math import acos, cos, degrees, dist, hypot, isclose, pi, radians, sin, sqrt

from tests.demo.judges import Judge, is_number, is_text
from tests.demo.notation import numbers


def rectangle_symmetries() -> int:
    corners = [(3, 1), (-3, 1), (-3, -1), (3, -1)]

    def mirror_image(angle: float) -> set[tuple[float, float]]:
        c, s = cos(2 * angle), sin(2 * angle)
        return {(round(c * x + s * y, 6), round(s * x - c * y, 6)) for x, y in corners}

    return sum(mirror_image(radians(angle)) == set(corners) for angle in range(180))


def inscribed_angle(central: float) -> float:
    """Place A and B on the unit circle, C opposite them, and measure the angle at C."""
    (ax, ay), (bx, by), (cx, cy) = (
        (cos(radians(t)), sin(radians(t))) for t in (0, central, 180 + central / 3)
    )
    dot_product = (ax - cx) * (bx - cx) + (ay - cy) * (by - cy)
    return degrees(acos(dot_product / (dist((ax, ay), (cx, cy)) * dist((bx, by), (cx, cy)))))


def is_circle_with_radius_4(option: str) -> bool:
    """Accept the centre (2, -3) with the radius 4, by points on the option's circle."""
    x, y, radius = numbers(option)
    rim = [(x + radius * cos(t), y + radius * sin(t)) for t in (0.1, 1.2, 2.3, 3.4)]
    return all(isclose((px - 2) ** 2 + (py + 3) ** 2, 16) for px, py in rim)


HALF_PERIMETER = (5 + 12 + 13) / 2
HERON = sqrt(HALF_PERIMETER * (HALF_PERIMETER - 5) * (HALF_PERIMETER - 12) * (HALF_PERIMETER - 13))

RECOMPUTED: dict[str, Judge] = {
    "geo-001": is_number(180 - 50 - 60),
    "geo-002": is_number(8 + 5 + 8 + 5),
    "geo-003": is_number(10 * 6 / 2),
    "geo-004": is_number(180 - 128),
    "geo-005": is_number(4 * sqrt(64)),
    "geo-006": is_number(2 * pi * 5),
    "geo-007": is_number(rectangle_symmetries()),
    "geo-008": is_number(hypot(6, 8)),
    "geo-009": is_number(2 * (2 * 3 + 3 * 4 + 2 * 4)),
    "geo-010": is_number((6 - 2) * 180),
    "geo-011": is_number(12 * 5),
    "geo-012": is_number(360 / 30),
    "geo-013": is_number(dist((1, 2), (4, 6))),
    "geo-014": is_number(6 * 4 + (10 - 6) * 4 / 2),  # a rectangle and two triangles
    "geo-015": is_text(f"({(-3 + 5) // 2}, {(4 - 2) // 2})"),
    "geo-016": is_number(20 * (9 / 6) ** 2),
    "geo-017": is_number(pi * 3**2 * 10),
    "geo-018": is_number(5 / hypot(5, 12)),
    "geo-019": is_number(pi * 6**2 * 60 / 360),
    "geo-020": is_number(inscribed_angle(100)),
    "geo-021": is_number(-1 / 2),
    "geo-022": is_number(sqrt(5**2 - 1.4**2)),
    "geo-023": is_number((4 / 3 * pi * 2**3) / (4 / 3 * pi)),
    "geo-024": is_number(sqrt(10**2 - (16 / 2) ** 2)),
    "geo-025": is_circle_with_radius_4,
    "geo-026": is_number(dist((0, 0, 0), (4, 4, 4))),
    "geo-027": is_number(6 * (6 * sin(radians(60))) / 2),
    "geo-028": is_number(dist((7, 0), (8 * cos(radians(60)), 8 * sin(radians(60))))),
    "geo-029": is_number(1 - (1 / 2) ** 3),
    "geo-030": is_number(HERON / HALF_PERIMETER),
}
