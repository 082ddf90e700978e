"""What archc calls the layers that Keras, MXNet, ONNX, Caffe and papers call otherwise.

`RENAMED` are the same layer under another name, arguments aside. `WRITTEN` are those that
archc writes otherwise: a line, with `…` for what the reader must fill in.
"""

from archc.diagnostics import Advice, Edit, did_you_mean
from archc.layers.left_out import reason
from archc.layers.other_names import ALIASES, OTHERWISE

RENAMED = {
    other: ours
    for ours, others in {
        "AdaptiveAvgPool2d": "AdaptiveAveragePooling2D",
        "AvgPool1d": "AveragePooling1D AveragePool1d",
        "AvgPool2d": "AveragePooling2D AveragePool AvgPool AvgPooling AveragePool2d",
        "AvgPool3d": "AveragePooling3D AveragePool3d",
        "BatchNorm2d": "BatchNormalization BatchNorm BN SyncBatchNorm FrozenBatchNorm2d",
        "Conv1d": "Convolution1D",
        "Conv2d": "Convolution2D Conv Convolution",
        "Conv3d": "Convolution3D",
        "ConvTranspose1d": "Conv1DTranspose Conv1DTransposed ConvTransposed1d",
        "ConvTranspose2d": "Conv2DTranspose Deconvolution Deconv Deconv2d ConvTranspose",
        "ConvTranspose3d": "Conv3DTranspose Deconv3d",
        "Dropout2d": "SpatialDropout2D",
        "Embedding": "Embed",
        "GroupNorm": "GroupNormalization",
        "Hardsigmoid": "HSigmoid",
        "Hardswish": "HSwish",
        "Identity": "NoOp Noop",
        "InstanceNorm2d": "InstanceNormalization InstanceNorm",
        "LayerNorm": "LayerNormalization",
        "LeakyReLU": "LReLU",
        "Linear": "Dense FullyConnected FC InnerProduct Affine",
        "LocalResponseNorm": "LRN",
        "MaxPool1d": "MaxPooling1D",
        "MaxPool2d": "MaxPooling2D MaxPool MaxPooling Maxpool",
        "MaxPool3d": "MaxPooling3D",
        "MultiheadAttention": "MultiHeadSelfAttention MHA",
        "RMSNorm": "RMSNormalization",
        "RNN": "SimpleRNN",
        "ReLU": "Rectifier",
        "ReflectionPad2d": "ReflectionPadding2D",
        "SiLU": "Swish",
        "ZeroPad2d": "ZeroPadding2D",
    }.items()
    for other in others.split()
}
"""The name elsewhere → the name in archc, which is torch's."""

_JOIN = "write `{0}:` and the branches below it, or `{1}`"
WRITTEN = {
    "Activation": "write the activation itself: `ReLU`",
    "Add": _JOIN.format("add", "from a + b"),
    "AddLayer": _JOIN.format("add", "from a + b"),
    "Average": "write `from (a + b) / 2`",
    "Bidirectional": "write `LSTM(…, bidirectional=True, batch_first=True)`",
    "Concat": _JOIN.format("concat", "from concat(a, b)"),
    "Concatenate": _JOIN.format("concat", "from concat(a, b)"),
    "Conv1x1": "write `Conv2d(…, 1)`",
    "Conv3x3": "write `Conv2d(…, 3, padding=1)`",
    "DepthwiseConv": "write `Conv2d(in_channels, …, groups=in_channels)`",
    "DepthwiseConv2D": "write `Conv2d(in_channels, …, groups=in_channels)`",
    "DepthwiseConv2d": "write `Conv2d(in_channels, …, groups=in_channels)`",
    "Dot": "write `from matmul(a, b)`",
    "DropPath": "write `StochasticDepth(0.1)`, with its probability",
    "Eltwise": _JOIN.format("add", "from a + b"),
    "ElementwiseAdd": _JOIN.format("add", "from a + b"),
    "FloatFunctional": _JOIN.format("add", "from a + b"),
    "Gemm": "write `Linear(…)`",
    "GlobalAveragePool": "write `AdaptiveAvgPool2d(1)`",
    "GlobalAveragePooling1D": "write `AdaptiveAvgPool1d(1) -> flatten(1)`",
    "GlobalAveragePooling2D": "write `AdaptiveAvgPool2d(1) -> flatten(1)`",
    "GlobalAveragePooling3D": "write `AdaptiveAvgPool3d(1) -> flatten(1)`",
    "GlobalAvgPool": "write `AdaptiveAvgPool2d(1)`",
    "GlobalAvgPool1d": "write `AdaptiveAvgPool1d(1)`",
    "GlobalAvgPool2D": "write `AdaptiveAvgPool2d(1)`",
    "GlobalAvgPool2d": "write `AdaptiveAvgPool2d(1)`",
    "GlobalAvgPool3d": "write `AdaptiveAvgPool3d(1)`",
    "GAP": "write `AdaptiveAvgPool2d(1) -> flatten(1)`",
    "GlobalMaxPool": "write `AdaptiveMaxPool2d(1)`",
    "GlobalMaxPool2D": "write `AdaptiveMaxPool2d(1)`",
    "GlobalMaxPool2d": "write `AdaptiveMaxPool2d(1)`",
    "GlobalMaxPooling1D": "write `AdaptiveMaxPool1d(1) -> flatten(1)`",
    "GlobalMaxPooling2D": "write `AdaptiveMaxPool2d(1) -> flatten(1)`",
    "GlobalMaxPooling3D": "write `AdaptiveMaxPool3d(1) -> flatten(1)`",
    "HybridSequential": "write the layers as a list below the key",
    "Input": "write the input under `inputs:`: `image: [B, 3, H=224, W=224]`",
    "InputLayer": "write the input under `inputs:`: `image: [B, 3, H=224, W=224]`",
    "Lambda": "write the expression itself: `from x * 2`",
    "None": "leave `else None` out: a line whose condition is false hands on what flows in",
    "MatMul": "write `from matmul(a, b)`",
    "ModuleDict": "write the layers as a mapping below the key",
    "ModuleList": "write the layers as a list below the key",
    "Multiply": _JOIN.format("mul", "from a * b"),
    "Permute": "write `permute(0, 2, 1)`, the batch first",
    "PointwiseConv": "write `Conv2d(…, 1)`",
    "Pooling": "write `MaxPool2d(…)` or `AvgPool2d(…)`",
    "Reshape": "write `flatten(1)`, or `Unflatten(1, (2, 4))`",
    "Resize": "write `Upsample(scale_factor=2)`",
    "SeparableConv2D": "write `Conv2d(in_channels, 3, groups=in_channels) -> Conv2d(…, 1)`",
    "SeparableConv2d": "write `Conv2d(in_channels, 3, groups=in_channels) -> Conv2d(…, 1)`",
    "Sequential": "write the layers as a list below the key",
    "SkipConnection": _JOIN.format("add", "from a + b"),
    "Split": "write `chunk(2, 1)`, and read the parts as `name.0` and `name.1`",
    "Subtract": "write `from a - b`",
    "SwiGLU": "write `from silu(a) * b`, where `a` and `b` are each a `Linear` of the same input",
    "TimeDistributed": "leave it out: a layer of torch maps the last dimensions of any tensor",
    "Transpose": "write `transpose(1, 2)`",
    "conv1x1": "write `Conv2d(…, 1)`",
    "conv3x3": "write `Conv2d(…, 3, padding=1)`",
    "UpSampling": "write `Upsample(scale_factor=2)`",
    "UpSampling2D": "write `Upsample(scale_factor=2)`",
    "UpSampling2d": "write `Upsample(scale_factor=2)`",
    "swish": "in archc it is `silu`",
    **{other: f"in archc it is `{ours}`" for other, ours in ALIASES.items()},
    **{other: f"write `{line}`" for other, line in OTHERWISE.items()},
}
"""The name elsewhere → what to write."""


_SMALL = {name.lower(): ours for name, ours in RENAMED.items()}
"""The names that others write in capitals, or begin with one, as a line's key would have them."""


def in_capitals(name: str) -> str:
    """Return the question which layer `bn`, `fc` or `lrn` means, nothing where it means none."""
    return did_you_mean(name, _SMALL[name]) if name in _SMALL else ""


def in_archc(name: str) -> str:
    """Return what archc writes for a thing that other frameworks, or papers, call `name`.

    Of what torch has and archc leaves out, return why.
    """
    if name in RENAMED:
        return Advice(f"in torch it is `{RENAMED[name]}`", Edit(RENAMED[name], name))
    if name in WRITTEN:
        return WRITTEN[name]
    why = reason(name)
    return f"archc leaves it out: {why}" if why else ""
