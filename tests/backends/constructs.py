"""Small specs, one for each construct that unrolling has to say in another way."""

CONSTRUCTS = {
    "root_list": """\
inputs: {image: [B, 8, H=8, W=8]}
model:
  - Conv2d(8, 3, padding=1) as a
  - ReLU
  - Conv2d(8, 3, padding=1) as b
  - relu from a + image + b
""",
    "lstm": """\
inputs: {x: [B, 5, 8]}
model:
  lstm: LSTM(16, batch_first=True)
  fc: Linear(3) from lstm.h_n[0]
  return: concat(fc, lstm[:, 0])
""",
    "lstm_in_a_list": """\
inputs: {x: [B, 5, 8]}
model:
  - LSTM(6, batch_first=True) as rnn
  - relu -> GRU(4, batch_first=True) as rnn_2
  - Linear(4) from rnn.h_n[0] as last
  - from last + rnn_2.h_n[0]
""",
    "results_in_a_list": """\
inputs: {x: [B, 5, 8]}
blocks:
  Pair(n):
    left: Linear(n)
    right: Linear(n) from x
    return: {left: left, right: right}
  Sum()(a, b):
    return: a + b
model:
  - Pair(6) as pair
  - Sum from pair as both
  - chunk(2, 2) from x as halves
  - Linear(6) from concat(halves.0, halves.1, dim=2) as whole
  - from whole + both * pair.right
""",
    "powers": """\
inputs: {image: [B, 8, H=8, W=8]}
blocks:
  Wide(width): Conv2d(width, 1)
model:
  - for i in range(4):
      - Wide(2 ** (i % 3))
  - for i in range(2, 5):
      - Wide(i ** 2 + 2)
""",
    "positions": """\
inputs: {x: [B, 5, 8]}
blocks:
  Conv1D(out):
    weight: Parameter(in_features, out)
    bias: Parameter(out)
    return: x @ weight + bias
model:
  wpe: positions(1) -> Embedding(5, 8)
  at: positions(1) from x
  sum: from x + wpe * 2
  c_attn: Conv1D(6)
  c_proj: Conv1D(4)
  later: from unsqueeze(at, 0) > unsqueeze(at, 1)
  out: from masked_fill(c_proj @ transpose(c_proj, 1, 2), later, value=-1.0)
""",
    "mha": """\
inputs: {x: [B, 5, 8]}
model:
  attn: MultiheadAttention(2, batch_first=True)
  fc: Linear(3)
outputs: {y: fc, w: attn.weights}
""",
    "slice_rest": """\
inputs: {x: [B, 5, 8]}
blocks:
  Halves(half):
    left: Linear(4) from x[..., :half]
    right: Linear(4) from x[..., half:]
    return: left * right
model:
  halves: Halves(4)
  edges: relu from concat(x[..., 0], x[:, -1, ...], x[...][:, ..., 0])
  fc: Linear(2)
  last: from halves[..., 1:]
outputs:
  y: last
  z: fc
""",
    "chunk_block": """\
inputs: {image: [B, 8, H=8, W=8]}
blocks:
  Gate()(a, b):
    return: a * sigmoid(b)
model:
  conv: Conv2d(16, 1) -> chunk(2, dim=1) -> Gate
  fc: Conv2d(3, 1)
""",
    "chunk_let": """\
inputs: {image: [B, 8, H=8, W=8]}
model:
  - Conv2d(16, 1)
  - let p: chunk(image, 2, dim=1)
  - Conv2d(4, 1) as c
  - from concat(p[0], c, p[1])
""",
    "let_loop": """\
inputs: {image: [B, 8, H=8, W=8]}
model:
  let h: image
  for i in range(3):
    c{i}: Conv2d(8, 1) from h
    let h: h + c{i}
  fc: Conv2d(2, 1) from h
""",
    "collect": """\
inputs: {image: [B, 8, H=8, W=8]}
model:
  for i in range(3):
    c{i}: Conv2d(8, 1) as ys[]
  fc: Conv2d(2, 1) from concat(ys)
""",
    "collect_nested": """\
inputs: {image: [B, 8, H=8, W=8]}
model:
  body:
    - for i in range(3):
        - Conv2d(8, 1) -> relu as ys[]
  fc: Conv2d(2, 1) from concat(concat(ys), ys[-1])
""",
    "if_elif_else": """\
params: {k: 2}
inputs: {image: [B, 8, H=8, W=8]}
model:
  if k == 1:
    a: Conv2d(4, 1)
  elif k == 2:
    b: Conv2d(5, 1)
  else:
    c: Conv2d(6, 1)
  d: ReLU
""",
    "join_identity": """\
inputs: {image: [B, 8, H=8, W=8]}
model:
  add:
    a: Conv2d(8, 1)
    b: Conv2d(8, 3) if False
  fc: Conv2d(2, 1)
""",
    "join_branch": """\
inputs: {image: [B, 8, H=8, W=8]}
model:
  body:
    - concat:
        - branch:
            - Conv2d(4, 1)
            - ReLU
        - Conv2d(3, 1)
        - - Conv2d(2, 1)
          - ReLU
        - a: Conv2d(5, 1)
          b: ReLU
    - Conv2d(2, 1)
""",
    "declare": """\
inputs: {image: [B, 8, H=8, W=8]}
model:
  declare: [b, a]
  a: Conv2d(4, 1)
  b: Conv2d(5, 1)
""",
    "declare_block": """\
inputs: {image: [B, 8, H=8, W=8]}
blocks:
  K:
    declare: [b, a]
    a: Conv2d(4, 1)
    b: Conv2d(5, 1)
model:
  - K
  - K
""",
    "hole": """\
inputs: {image: [B, 8, H=8, W=8]}
model:
  a: (Conv2d(4, 1) if False) -> Conv2d(5, 1) -> ReLU
""",
    "hole_list": """\
inputs: {image: [B, 8, H=8, W=8]}
model:
  - (Conv2d(4, 1) if False)
  - Conv2d(5, 1)
  - ReLU
""",
    "dash": """\
inputs: {image: [B, 8, H=8, W=8]}
model:
  block1-0: Conv2d(8, 1)
  block1-1: Conv2d(8, 1)
  s: from image + image if False
  out: Conv2d(8, 1)
""",
    "dash_res": """\
inputs: {image: [B, 8, H=8, W=8]}
blocks:
  R:
    conv: Conv2d(8, 1)
    return: x + conv
model:
  block1-0: R
  block1-1: R
  t: R
""",
    "digits": """\
inputs: {image: [B, 8, H=8, W=8]}
model:
  m:
    1: Conv2d(8, 1)
    7: ReLU
  out: relu from m + image
""",
    "input_shadow": """\
inputs: {x: [B, 8]}
blocks:
  R:
    x2: Linear(8)
    inner:
      y: Linear(8) from x
    return: x2 + inner + x
model:
  x2: R
  z: R from x
  return: x2 + z
""",
    "input_as_child": """\
inputs: {conv: [B, 8, 4, 4]}
blocks:
  R:
    conv: Conv2d(8, 1)
    return: x + conv
model:
  r: R
  q: R
  return: r + q + conv
""",
    "reuse_block": """\
inputs: {image: [B, 8, H=8, W=8]}
blocks:
  R(n):
    scale: Parameter(8, 1, 1)
    conv: Conv2d(8, 1) from x * scale
    seq:
      - Conv2d(n, 3, padding=1)
      - relu
      - Conv2d(8, 1)
    return: x + seq
model:
  a: R(4)
  b: R(5)
  c: a
  d: a.seq if False
""",
    "reuse_simple": """\
inputs: {image: [B, 8, H=8, W=8]}
model:
  a: Conv2d(8, 1) -> relu
  b: Conv2d(8, 1)
  c: a
  d: a -> b -> a
""",
    "reuse_in_body": """\
inputs: {image: [B, 8, H=8, W=8]}
model:
  a: Conv2d(8, 1)
  body:
    x1: Conv2d(8, 1)
    y: a
    z: x1
""",
    "buffer": """\
inputs: {x: [B, 600]}
model:
  t: Buffer(range(600), persistent=False)
  u: Buffer(0.5)
  s: from x + t
  v: from s * u
  w: Linear(3)
""",
    "operators": """\
inputs: {x: [B, 4, 4]}
model:
  a: Linear(4)
  p: Parameter(4)
  return: (1 - a) * -x + (x ** 2) / 3 - 2 * a * -1 + (a @ x) * p + add(a, p) + mul(a, x)
""",
    "many": """\
inputs: {image: [B, 8, H=8, W=8]}
model:
  - for i in range(200):
      - Conv2d(8, 1) as ys[]
  - from concat(ys)
  - Conv2d(2, 1)
""",
    "many_map": """\
inputs: {image: [B, 8, H=8, W=8]}
model:
  for i in range(200):
    some_long_name_{i}: Conv2d(8, 1) as ys[]
  j: from concat(ys)
  f: Conv2d(2, 1)
""",
    "repeat1": """\
inputs: {image: [B, 8, H=8, W=8]}
model:
  a: Conv2d(8, 1) * 1
  b: (Conv2d(8, 1) -> relu) * 2
  c: Conv2d(8, 1) * 0
  d: Conv2d(3, 1) -> Conv2d(8, 1) * 2 -> relu
""",
    "list_repeat": """\
inputs: {image: [B, 8, H=8, W=8]}
blocks:
  One: Conv2d(8, 1) -> BatchNorm2d -> relu
  Two(c):
    - Conv2d(c, 1)
    - ReLU
model:
  - One * 2
  - Two(8) * 2
  - One -> Two(4)
  - tanh -> One
""",
    "named_return": """\
inputs: {x: [B, 5, 8]}
blocks:
  Enc:
    seq: Linear(8)
    pool: mean(1)
    return: {seq: seq, pooled: pool}
model:
  enc: Enc
  head: Linear(3) from enc.pooled
  tail: Linear(3) from enc.seq
outputs: {a: head, b: tail}
""",
    "two_results": """\
inputs: {image: [B, 8, H=8, W=8]}
blocks:
  S:
    a: Conv2d(4, 1)
    b: Conv2d(4, 1) from x
    return: a, b
  J()(p, q):
    c: Conv2d(2, 1) from p + q
model:
  s: S -> J
""",
    "mid_output": """\
inputs: {image: [B, 8, H=8, W=8]}
model:
  a: Conv2d(4, 1)
  b: Conv2d(5, 1)
  return: b, a
""",
    "train_out": """\
inputs: {image: [B, 8, H=8, W=8]}
model:
  a: Conv2d(4, 1)
  b: Conv2d(5, 1) from a
  c: Conv2d(5, 1) from a
outputs: {y: c, z: b if training}
""",
    "funcs_only": """\
inputs: {image: [B, 8, H=8, W=8]}
model:
  a: relu
  b: sigmoid from image
  c: from a * b
""",
    "modules_named_functions": """\
inputs: {image: [B, 8, H=8, W=8]}
model:
  relu: ReLU
  concat_: Conv2d(8, 1)
  'add': Conv2d(8, 1)
  flatten: relu()
  sum: from relu + flatten
""",
    "init_tie": """\
inputs: {t: 'int64[B, L=4]'}
model:
  wte: Embedding(9, 8)
  body:
    - Linear(8)
    - Linear(8)
  head: Linear(9, bias=False)
init: {Linear.weight: normal(std=0.1), body.1.bias: 'constant(val=0.5)'}
tie: {head.weight: wte.weight}
""",
    "strings": """\
inputs: {image: [B, 8, H=8, W=8]}
model:
  up: interpolate(scale_factor=2, mode='nearest')
  c: Conv2d(2, 3, padding='same', padding_mode='reflect')
""",
    "size_of_another": """\
inputs: {image: [B, 3, H=9, W=7]}
model:
  low: Conv2d(4, 3, stride=2)
  high: Conv2d(4, 3)
  up: interpolate(mode='bilinear', align_corners=False) from high, low
  wide: interpolate from up, relu(image) + image
  sum: from interpolate(low + up, image) * wide
""",
    "table_with_layers": """\
params: {rows: [[6, ReLU, 1], [5, ReLU, 1], [4, Tanh, 1]]}
inputs: {image: [B, 3, H=9, W=9]}
model:
  - for width, Act, k in rows[:2]:
      - Conv2d(width, k)
      - Act
  - for Act in [Tanh, Tanh]:
      - Conv2d(4, 1)
      - Act
  - for (width, k), Act in [((6, 1), Tanh), ((7, 1), Tanh)]:
      - Conv2d(width, k)
      - Act
  - for width, Act in [(3, Tanh), (2, Tanh)]:
      - Conv2d(width, 1)
      - Act
""",
    "repeated_number_in_a_buffer": """\
inputs: {image: [B, 3, H=9, W=9]}
blocks:
  Scale:
    weight: Buffer([1.5] * x.channels)
    let factor: reshape(weight, 1, -1, 1, 1)
    return: x * factor
model:
  - Scale
  - Conv2d(5, 1)
  - Scale
""",
    "infinite_bounds": """\
inputs: {image: [B, 8, H=8, W=8]}
model:
  a: clamp(min=-inf, max=6.0)
  b: Conv2d(2, 1)
""",
    "qkv": """\
inputs: {x: [B, 5, 8]}
model:
  q: Linear(8)
  k: Linear(8) from x
  attn: MultiheadAttention(2, batch_first=True) from q, k, x
""",
    "same_input": """\
inputs: {x: [B, 5, 8]}
model:
  q: Linear(8)
  y: from q * q + q
""",
    "preact": """\
inputs: {image: [B, 8, H=8, W=8]}
blocks:
  P(c):
    let h: relu(x)
    conv1: Conv2d(c, 1) from h
    conv2: Conv2d(8, 1)
    short: Conv2d(8, 1) from h if c > 4
    return: conv2 + short
model:
  - P(4)
  - P(6)
""",
    "neg_const": """\
inputs: {x: [B, 4]}
model:
  a: from x + -1
  b: from -2 - a
  c: from a ** -2.0
  d: from b * c
""",
    "select": """\
inputs: {x: [B, 4, 6, 6]}
model:
  a: from x[:, 0, ::2, -3:]
  b: relu from x[:, 1:3]
  d: Linear(3) from a
  return: d, b
""",
    "two_inputs": """\
inputs: {a: [B, 4], b: [B, 4]}
model:
  f: Linear(4) from b
  g: add from a, f if False
  h: from concat(a, f)
""",
    "deep_digits": """\
inputs: {image: [B, 8, H=8, W=8]}
model:
  f:
    - Conv2d(8, 1)
    - - Conv2d(8, 1)
      - ReLU
      - Conv2d(8, 1)
  g: Conv2d(2, 1) from concat(f.0, f.1.0, f.1.2)
""",
    "long_lists": """\
inputs: {x: [B, 400]}
model:
  a: index_select(1, range(399)) -> Linear(4)
  b: index_select(1, range(399)) -> Linear(4) from x
  return: a + b
""",
}
