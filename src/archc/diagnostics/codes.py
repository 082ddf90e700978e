"""Every code an archc diagnostic can carry; each has a page in `docs/errors/`."""

from enum import StrEnum


class Code(StrEnum):
    """The number of a diagnostic.

    1xx reading, 2xx grammar and arguments, 3xx names and graph, 4xx shapes,
    5xx back ends and weights, 9xx a fault of archc's own.
    """

    UNREADABLE_FILE = "ARC101"
    NOT_YAML = "ARC102"
    DUPLICATE_KEY = "ARC103"
    YAML_FEATURE = "ARC104"
    AMBIGUOUS_SCALAR = "ARC105"
    READING_LIMIT = "ARC106"
    YAML_SPLIT = "ARC107"
    WRONG_KIND = "ARC108"

    UNKNOWN_KEY = "ARC201"
    MISSING_KEY = "ARC202"
    SYNTAX = "ARC203"
    BODY_KIND = "ARC204"
    LAYER_AS_MAPPING = "ARC205"
    ARGUMENTS = "ARC206"
    TOO_MANY_POSITIONAL = "ARC207"
    ARGUMENT_VALUE = "ARC208"
    PARAMETER_VALUE = "ARC209"
    UNKNOWN_VARIANT = "ARC210"
    BAD_NAME = "ARC211"
    EXPRESSION_VALUE = "ARC212"
    INFERRED_MISMATCH = "ARC213"
    FIELD_VALUE = "ARC214"
    INPUT_SIZE = "ARC215"

    UNKNOWN_NAME = "ARC301"
    UNKNOWN_CALLEE = "ARC302"
    UNUSED_VALUE = "ARC303"
    DUPLICATE_CHILD = "ARC304"
    RECURSION = "ARC305"
    NO_FLOW = "ARC306"
    ASSERTION = "ARC307"
    EXPANSION_LIMIT = "ARC308"
    NOT_A_TENSOR = "ARC309"
    ABSENT_NAME = "ARC310"
    IMPORT = "ARC311"
    EXPECTATION = "ARC312"
    SELECTOR = "ARC313"
    DUPLICATE_NETWORK = "ARC315"
    PYTHON_LAYER = "ARC316"

    WINDOW = "ARC401"
    ADD_SHAPES = "ARC402"
    CONCAT_SHAPES = "ARC403"
    RANK = "ARC404"
    DIVISIBILITY = "ARC405"
    DTYPE = "ARC406"
    DIMENSION = "ARC407"
    RESHAPE = "ARC408"
    SIZE_MISMATCH = "ARC409"
    SHARED_SHAPE = "ARC410"
    UNFLATTENED = "ARC411"
    LOST_SOURCE = "ARC412"
    SHARED_STATISTICS = "ARC413"
    OUTSIZE_WINDOW = "ARC414"
    MISALIGNED = "ARC415"
    DEAD_PARAMETER = "ARC416"
    FIXED_BATCH = "ARC417"
    DOUBTFUL_REUSE = "ARC418"

    OUTPUT_EXISTS = "ARC501"
    OUTPUT_FAILED = "ARC502"
    DRAWING_FAILED = "ARC503"
    WEIGHTS_MISMATCH = "ARC504"
    WEIGHTS_UNREADABLE = "ARC505"
    CANONICAL_MISMATCH = "ARC506"
    BUILD_CHANGED = "ARC507"

    INTERNAL = "ARC901"

    @property
    def exit_status(self) -> int:
        """The process exit status that an error of this code leads to."""
        if self is Code.INTERNAL:
            return 70
        if self in _ENVIRONMENT:
            return 3
        return 4 if self in _WEIGHTS else 1

    @property
    def can_warn(self) -> bool:
        """Whether it can be a warning: shapes that do not fit where only training suffers, or
        that fit and are hardly meant.
        """
        return self.startswith("ARC4")


_ENVIRONMENT = frozenset(
    {Code.UNREADABLE_FILE, Code.OUTPUT_EXISTS, Code.OUTPUT_FAILED, Code.DRAWING_FAILED}
)
_WEIGHTS = frozenset({Code.WEIGHTS_MISMATCH, Code.WEIGHTS_UNREADABLE})
